import { formatInstant } from "../text/format.ts";
import type { LoggedRelease } from "./logged-release.ts";
import type { PastRollback, Release, Revision, TargetSnapshot } from "./release.ts";
import { isComplete, type VersionRun, type VersionTrail } from "./script-snapshot.ts";
import { isVersionName, unusableVersion } from "./version-name.ts";
import type { Lookup } from "./watch.ts";

export interface ScriptRollback extends PastRollback {
  /** The version that was to be put back. */
  readonly toDigest: string;
  /** It may have changed the target or not: the script failed, or was cut off. */
  readonly isUncertain?: true;
}

/** What a script target cannot remember itself and the log does; read anew at each use. */
export interface ScriptHistory {
  /** Oldest first. */
  readonly releases: () => readonly LoggedRelease[];
  /** Rollbacks of this target that were started. */
  readonly rollbacks: () => readonly ScriptRollback[];
  /** Those of them whose act is on record. */
  readonly acted: () => readonly ScriptRollback[];
}

/** The target as its versions show it, with what the log adds. `target` is the target's key. */
export function describeTarget(target: string, trail: VersionTrail, history: ScriptHistory): Lookup {
  if (trail.current === undefined) return undecided(target, trail);
  if (!isVersionName(trail.current.version)) {
    const detail = `${target} runs a version that cannot be used: ${unusableVersion(trail.current.version)}`;
    return { ok: false, reason: "unusable-version", detail };
  }
  const logged = history.releases();
  const identity = identify(target, trail.current, trail.earlier, logged);
  const earlier = earlierVersions(trail.current.version, trail.earlier, logged).map(revision);
  const rollbacks = history.rollbacks();
  const release: Release = {
    ...identity,
    clockAt: identity.startedAt,
    target,
    revision: revision(trail.current.version),
    previous: earlier[0],
    cause: rollbacks.some((rollback) => putBack(rollback, { trail, logged, ...identity }))
      ? "rollback"
      : "deploy",
    reversible: true,
  };
  const snapshot: TargetSnapshot = {
    target,
    uid: target,
    release,
    earlier,
    rollbacks,
    rollout: {
      complete: isComplete(trail),
      stalled: false,
      detail: `running: ${trail.present.join(", ")}`,
    },
  };
  return { ok: true, snapshot };
}

function undecided(target: string, trail: VersionTrail): Lookup {
  return {
    ok: false,
    reason: "unknown-version",
    detail: `${target} has run several versions since ${since(trail)} (${trail.present.join(", ")}) and nothing tells which is newer; it is known once one of them is gone, or name one in release.expr`,
  };
}

function since(trail: VersionTrail): string {
  const first = trail.earlier[0];
  return first === undefined ? "the beginning" : formatInstant(first.startedAt);
}

/**
 * A deployment keeps its id and start over a restart of the daemon: the newest release in the log is this one
 * if it has the same version and nothing else ran in between. A version that comes back is another release.
 */
function identify(
  target: string,
  current: VersionRun,
  earlier: readonly VersionRun[],
  logged: readonly LoggedRelease[],
): { readonly id: string; readonly startedAt: number } {
  const last = logged.at(-1);
  if (last?.version === current.version && earlier.every((run) => run.startedAt <= last.startedAt)) {
    return { id: last.id, startedAt: last.startedAt };
  }
  const ranBefore = [...earlier, ...logged].some(({ version }) => version === current.version);
  const suffix = ranBefore ? `+${new Date(current.startedAt).toISOString()}` : "";
  return { id: `${target}@${current.version}${suffix}`, startedAt: current.startedAt };
}

/** Distinct, newest first: those that were seen, then those that only the log still knows. */
function earlierVersions(
  current: string,
  seen: readonly VersionRun[],
  logged: readonly LoggedRelease[],
): readonly string[] {
  const versions = [...seen, ...logged.toReversed()].map(({ version }) => version);
  // A log of an earlier rollbackd may name versions that are refused now.
  return [...new Set(versions)].filter((version) => version !== current && isVersionName(version));
}

/** Put back by rollbackd: a rollback to this version began after its predecessor had come. */
function putBack(
  { at, toDigest }: ScriptRollback,
  release: {
    readonly trail: VersionTrail;
    readonly logged: readonly LoggedRelease[];
    readonly id: string;
    readonly startedAt: number;
  },
): boolean {
  const { trail, logged, id, startedAt } = release;
  const predecessors = [trail.earlier[0], logged.findLast((other) => other.id !== id)];
  const since = Math.max(...predecessors.map((run) => run?.startedAt ?? Number.NEGATIVE_INFINITY));
  return toDigest === trail.current?.version && at >= since && at <= startedAt;
}

/** How a version stands is for the log to say. */
function revision(version: string): Revision {
  return { name: version, digest: version, standing: "unproven", images: {} };
}
