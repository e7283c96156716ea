import type { Release } from "../releases/release.ts";
import type { Checkpoint } from "../rules/policy.ts";

/** How far a release has been followed, by the log. */
export interface Followed {
  readonly id: string;
  /** Epoch ms. */
  readonly followedFrom: number;
  /** Checkpoints on record, by `atMs`. */
  readonly checkpoints: readonly number[];
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
    return dueAt <= at && dueAt >= followed.followedFrom && !followed.checkpoints.includes(atMs);
  });
  if (checkpoint === undefined) return undefined;
  return { checkpoint, dueAt: clockAt + checkpoint.atMs, last: checkpoint === checkpoints.at(-1) };
}
