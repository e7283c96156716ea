import type { Logger } from "pino";
import { type DueCheckpoint, nextDue } from "../checkpoints/due.ts";
import { type Findings, look, type LookPorts } from "../checkpoints/look.ts";
import type { CheckpointRecord } from "../log/record.ts";
import type { Release } from "../releases/release.ts";
import { type Policy, targetKey } from "../rules/policy.ts";
import type { History } from "./history.ts";
import type { LookAfterLaunch, RecordInLog } from "./ports.ts";

export interface CheckpointPorts extends LookPorts {
  readonly history: Pick<History, "release" | "planned" | "open">;
  readonly record: RecordInLog;
  /** How far the clock of Prometheus is ahead of the one that releases are dated by, in ms. */
  readonly skewMs: () => number;
  readonly logger: Logger;
}

/** The checkpoints of one policy's releases, one at a time, beside its passes. */
export interface Checkpoints {
  readonly look: LookAfterLaunch;
  readonly stop: () => Promise<void>;
}

/** How long no answer from Prometheus is asked again before the report says that it is unknown. */
const PATIENCE_MS = 5 * 60_000;
/** A report is made at the slot after its time; up to this it is in time. */
const IN_TIME_MS = 60_000;

export function createCheckpoints(policy: Policy, ports: CheckpointPorts): Checkpoints {
  const stopping = new AbortController();
  const firstTried = new Map<string, number>();
  let running: Promise<void> | undefined;

  /** A span that ended before the release began would say nothing of it: too late is the safe side, as for triggers. */
  function aheadMs(): number {
    const skewMs = ports.skewMs();
    return skewMs > policy.intervalMs ? skewMs : 0;
  }

  async function make(release: Release, due: DueCheckpoint, slot: number, ahead: number): Promise<void> {
    const key = `${release.id} ${due.checkpoint.atMs}`;
    const tried = firstTried.get(key) ?? slot;
    firstTried.set(key, tried);
    const instants = { dueAt: due.dueAt + ahead, startedAt: release.startedAt + ahead };
    const found = await look(due.checkpoint, instants, ports, stopping.signal);
    if (stopping.signal.aborted || !isCurrent(release, policy, ports)) return;
    if (found.mayKnowLater && slot - tried < PATIENCE_MS) return;
    if (
      (await ports.record(
        recordOf(policy, release.id, due, {
          checks: found.checks,
          slot,
          goodSince: ports.history.release(policy.name)?.goodSince,
        }),
      )) !== undefined
    ) {
      firstTried.delete(key);
    }
  }

  return {
    look: (release, newest) => {
      if (running !== undefined || !isCurrent(release, policy, ports)) return;
      const recorded = ports.history.release(policy.name);
      const planned = ports.history.planned(policy.name);
      const ahead = aheadMs();
      const slot = newest - ahead;
      const due = nextDue(policy.checkpoints, release, recorded && { ...recorded, planned }, slot);
      if (due === undefined) return;
      running = make(release, due, slot, ahead)
        .catch((error: unknown) => {
          const { at } = due.checkpoint;
          ports.logger.error(
            { err: error, policy: policy.name, at },
            "a checkpoint failed; it is made again",
          );
        })
        .finally(() => {
          running = undefined;
        });
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** A rollback that was begun, or another release, ends the checkpoints of this one. */
function isCurrent({ id }: Release, policy: Policy, { history }: CheckpointPorts): boolean {
  return history.release(policy.name)?.id === id && history.open(targetKey(policy)) === undefined;
}

interface Report {
  readonly checks: Findings["checks"];
  /** The slot at which it is made, epoch ms. */
  readonly slot: number;
  readonly goodSince: string | undefined;
}

function recordOf(
  policy: Policy,
  release: string,
  { checkpoint, dueAt, last }: DueCheckpoint,
  { checks, slot, goodSince }: Report,
): CheckpointRecord {
  const lateMs = slot - dueAt;
  return {
    type: checks.every(({ result }) => result === "pass") ? "checkpoint.passed" : "checkpoint.failed",
    policy: policy.name,
    target: targetKey(policy),
    release,
    checkpoint: checkpoint.at,
    afterMs: checkpoint.atMs,
    dueAt: new Date(dueAt).toISOString(),
    ...(lateMs > Math.max(IN_TIME_MS, 2 * policy.intervalMs) && { late: true, lateMs }),
    checks,
    last,
    ...(goodSince !== undefined && { goodSince }),
  };
}
