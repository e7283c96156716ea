import type { CheckpointRecord } from "../log/record.ts";
import type { Release } from "../releases/release.ts";
import type { Checkpoint } from "../rules/policy.ts";

/** How far a release has been followed, by the log. */
export interface Followed {
  readonly id: string;
  /** Epoch ms. */
  readonly followedFrom: number;
  /** Since when (epoch ms) the rules have had a checkpoint of that `atMs`. */
  readonly planned: ReadonlyMap<number, number>;
  /** Those on record. */
  readonly checkpoints: readonly Pick<CheckpointRecord, "afterMs">[];
}

export interface DueCheckpoint {
  readonly checkpoint: Checkpoint;
  /** The instant that it is about, epoch ms. */
  readonly dueAt: number;
  readonly last: boolean;
}

/**
 * The earliest checkpoint of the running release whose time has come at `at` (Prometheus's time, epoch ms) and that
 * is not on record. What rollbackd itself put back was launched before, and is not looked at again.
 */
export function nextDue(
  checkpoints: readonly Checkpoint[],
  release: Release,
  followed: Followed | undefined,
  at: number,
): DueCheckpoint | undefined {
  const { clockAt, cause, id } = release;
  if (clockAt === undefined || cause === "rollback" || followed?.id !== id) return undefined;
  const checkpoint = checkpoints.find(({ atMs }) => {
    const dueAt = clockAt + atMs;
    const isMade = followed.checkpoints.some(({ afterMs }) => afterMs === atMs);
    return dueAt <= at && !isMade && isOurs(atMs, dueAt, followed);
  });
  if (checkpoint === undefined) return undefined;
  return { checkpoint, dueAt: clockAt + checkpoint.atMs, last: checkpoint === checkpoints.at(-1) };
}

/**
 * Whether a checkpoint is rollbackd's to make: its time came when the release was followed and the rules asked for it.
 * Anything earlier was not missed, and reports of long ago would only be noise.
 */
export function isOurs(
  atMs: number,
  dueAt: number,
  { followedFrom, planned }: Pick<Followed, "followedFrom" | "planned">,
): boolean {
  const plannedAt = planned.get(atMs);
  return plannedAt !== undefined && dueAt >= plannedAt && dueAt >= followedFrom;
}
