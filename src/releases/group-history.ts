import type { Release, Revision } from "./release.ts";

/**
 * Changes of several members that are no further apart than this are one release: a deploy pipeline changes one
 * after the other. A change while the one before still rolls out belongs to it, however long that takes.
 */
export const TOGETHER_MS = 5 * 60_000;

/**
 * A member that changes again later than this is the next release: what it ran until then was there to be seen. What
 * a member began with is nothing that could be corrected.
 */
export const CORRECTED_MS = 60_000;

/** One member's template became another one. Instants are epoch ms. */
export interface MemberChange {
  readonly member: string;
  readonly at: number;
  readonly to: Revision;
  /** What the member ran before; undefined where nothing did, or nothing tells. */
  readonly before: Revision | undefined;
  readonly cause: Release["cause"];
  /** When its rollout had got its first Ready pod; Infinity while it has not; `at` where that is forgotten. */
  readonly rolledOutAt: number;
}

/** What runs by member; those of which nothing is known are left out. */
export type Combination = ReadonlyMap<string, Revision>;

/** Changes that belong together, and the combinations that ran before the first and after the last. */
export interface GroupRelease {
  readonly startedAt: number;
  readonly cause: Release["cause"];
  readonly changed: ReadonlySet<string>;
  readonly before: Combination;
  readonly after: Combination;
}

/**
 * The releases of a group, oldest first. What ran only while a release went from member to member is none of its
 * combinations. What rollbackd changed and what others changed are never one release.
 */
export function foldChanges(changes: readonly MemberChange[]): readonly GroupRelease[] {
  const releases: GroupRelease[] = [];
  let state: Combination = new Map();
  for (const together of inReleases(changes)) {
    const release = releaseOf(together, state);
    releases.push(release);
    state = release.after;
  }
  return releases;
}

type Together = readonly [MemberChange, ...MemberChange[]];

function inReleases(changes: readonly MemberChange[]): readonly Together[] {
  const groups: Together[] = [];
  for (const change of changes.toSorted(byTime)) {
    const last = groups.at(-1);
    if (last !== undefined && belongsTo(change, last)) groups.splice(-1, 1, [...last, change]);
    else groups.push(...apart(last === undefined ? undefined : groups.pop(), change));
  }
  return groups;
}

/** The cluster tells by the second, and a rollback answers what was there before it. */
function byTime(a: MemberChange, b: MemberChange): number {
  return a.at - b.at || Number(a.cause === "rollback") - Number(b.cause === "rollback");
}

function belongsTo(change: MemberChange, together: Together): boolean {
  if (together[0].cause !== change.cause) return false;
  // What that member ran until then was there with what the others began with.
  if (isLost(change) && together.some(isBeginning)) return false;
  const same = together.findLast(({ member }) => member === change.member);
  if (same !== undefined && (same.before === undefined || change.at > same.at + CORRECTED_MS)) return false;
  return together.some(({ at, rolledOutAt }) => change.at <= Math.max(at + TOGETHER_MS, rolledOutAt));
}

/**
 * A change of which nobody knows what it replaced belongs to the next release where it came nearer to that than to the
 * change of the same member before: a combination that ran only from the one to the other is no release.
 */
function apart(last: Together | undefined, change: MemberChange): readonly Together[] {
  if (last === undefined) return [[change]];
  const [first, ...rest] = last;
  const same = last.findLast(({ member }) => member === change.member);
  const isNext = (one: MemberChange): boolean =>
    isLost(one) &&
    one.member !== change.member &&
    one.cause === change.cause &&
    same !== undefined &&
    change.at - one.at < one.at - same.at &&
    change.at <= Math.max(one.at + TOGETHER_MS, one.rolledOutAt);
  const moved = rest.filter(isNext);
  const kept = rest.filter((one) => !moved.includes(one));
  const [begin, ...others] = moved;
  return [[first, ...kept], begin === undefined ? [change] : [begin, ...others, change]];
}

/** The first revision of a member, whose number is 1: nothing ran before it. */
function isBeginning({ before, to }: MemberChange): boolean {
  return before === undefined && to.name === "1";
}

/** Something ran before, and nothing is left of it. */
function isLost({ before, to }: MemberChange): boolean {
  return before === undefined && to.name !== "1";
}

function releaseOf(together: Together, state: Combination): GroupRelease {
  const before = new Map(state);
  const after = new Map(state);
  const changed = new Set<string>();
  for (const { member, to, before: previous } of together) {
    if (!changed.has(member)) replace(before, member, previous);
    changed.add(member);
    after.set(member, to);
  }
  return { startedAt: together[0].at, cause: together[0].cause, changed, before, after };
}

function replace(map: Map<string, Revision>, member: string, revision: Revision | undefined): void {
  if (revision === undefined) map.delete(member);
  else map.set(member, revision);
}
