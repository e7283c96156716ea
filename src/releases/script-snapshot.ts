/** Which versions of a target were seen running at one slot. Empty: nobody could tell. */
export interface VersionsAt {
  /** Epoch ms. */
  readonly at: number;
  readonly versions: readonly string[];
  /** What cannot be a version, and because of which `versions` is empty. */
  readonly unusable?: Unusable;
}

/** A name that no version may have, or labels of a series of which not exactly one names it. */
export type Unusable = { readonly name: string } | { readonly labels: readonly string[] };

/** One uninterrupted time of a version as the target's newest. */
export interface VersionRun {
  readonly version: string;
  /** The slot at which it was first seen, epoch ms: its first pod reported metrics, so its clock started too. */
  readonly startedAt: number;
}

/** What the versions seen so far say about the target. */
export interface VersionTrail {
  /** Undefined while several versions have been there from the first slot on: nothing tells which is newer. */
  readonly current: VersionRun | undefined;
  /** Newest first. */
  readonly earlier: readonly VersionRun[];
  /** What was last seen running. */
  readonly present: readonly string[];
}

const REMEMBERED_RUNS = 50;

/**
 * Takes in one slot. A version that was never the newest begins a release when it appears, though the old one
 * still runs beside it; one that was (a straggling pod, or the old version coming back) only when the current
 * one is gone. A slot that says nothing changes nothing.
 */
export function observe(trail: VersionTrail | undefined, seen: VersionsAt): VersionTrail | undefined {
  if (seen.versions.length === 0) return trail;
  if (trail === undefined) return begin(seen);
  const known = new Set(trail.earlier.map(({ version }) => version));
  const fresh = seen.versions.filter((version) => !known.has(version) && version !== trail.current?.version);
  if (fresh.length > 0) return released(trail, newestFirst(fresh), seen);
  if (trail.current === undefined) return resolveFirst(trail, seen);
  if (seen.versions.includes(trail.current.version)) return { ...trail, present: seen.versions };
  const back = trail.earlier.find(({ version }) => seen.versions.includes(version));
  return back === undefined ? trail : released(trail, [back.version], seen);
}

/** The current version runs, and nothing else does. */
export function isComplete({ current, present }: VersionTrail): boolean {
  return present.length === 1 && present[0] === current?.version;
}

function begin({ at, versions }: VersionsAt): VersionTrail {
  const runs = newestFirst(versions).map((version) => ({ version, startedAt: at }));
  const [only, ...others] = runs;
  return others.length === 0
    ? { current: only, earlier: [], present: versions }
    : { current: undefined, earlier: runs, present: versions };
}

/** Of the versions there were at first, the one that stays was the newest all along. */
function resolveFirst(trail: VersionTrail, { versions }: VersionsAt): VersionTrail {
  const [only, ...others] = trail.earlier.filter(({ version }) => versions.includes(version));
  if (only === undefined || others.length > 0) return { ...trail, present: versions };
  return { current: only, earlier: trail.earlier.filter((run) => run !== only), present: versions };
}

/** Of several new versions at once the highest is taken for the newest; the others are remembered as seen. */
function released(
  trail: VersionTrail,
  [newest, ...others]: readonly string[],
  { at, versions }: VersionsAt,
): VersionTrail {
  if (newest === undefined) return trail;
  const replaced = trail.current === undefined ? [] : [trail.current];
  const passing = others.map((version) => ({ version, startedAt: at }));
  return {
    current: { version: newest, startedAt: at },
    earlier: [...replaced, ...passing, ...trail.earlier].slice(0, REMEMBERED_RUNS),
    present: versions,
  };
}

function newestFirst(versions: readonly string[]): readonly string[] {
  return versions.toSorted((a, b) => b.localeCompare(a, "en", { numeric: true }));
}
