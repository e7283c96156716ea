import type { RolloutTrigger } from "../rules/policy.ts";
import type { Sample } from "../signals/sample.ts";
import { formatInstant } from "../text/format.ts";
import type { TriggerStatus } from "./trigger-status.ts";

/** What the target shows of the rollout of its release. */
export interface RolloutSeen {
  /** When the cluster gave up on it, epoch ms; absent as long as it has not. */
  readonly stalledAt?: number;
  /** "0 of 1 pods updated, 1 available" */
  readonly detail: string;
}

/** A look at `at` as a sample: 1 stalled, 0 not. A target that is not seen is neither. */
export function rolloutSample(rollout: RolloutSeen | undefined, at: number): Sample {
  if (rollout === undefined) return { at, unknown: "target-unseen" };
  return { at, value: rollout.stalledAt === undefined ? 0 : 1, detail: rollout.detail };
}

/**
 * What a rollout trigger says at `at`: firing for as long as the rollout stands given up. Its window is the
 * instant of that, for there is nothing to wait for: the cluster has waited for progress already.
 */
export function rolloutStatus(
  { name }: Pick<RolloutTrigger, "name">,
  rollout: RolloutSeen | undefined,
  at: number,
): TriggerStatus {
  const common = { trigger: name, at, firesAt: undefined };
  if (rollout === undefined) {
    const reason = `${name} is unknown: the target cannot be seen`;
    const unknown = { state: "unknown", unknown: "target-unseen", value: undefined } as const;
    return { ...common, ...unknown, headline: `${name} unknown`, reason, window: windowAt(at, 0, 0) };
  }
  const { stalledAt, detail } = rollout;
  if (stalledAt === undefined) {
    const reason = `${name}: the rollout is not stalled (${detail})`;
    const headline = "rollout not stalled";
    return { ...common, state: "inactive", value: 0, headline, reason, window: windowAt(at, 1, 0) };
  }
  const reason = `${name}: the rollout has been stalled since ${formatInstant(stalledAt, at)} (${detail})`;
  const headline = `rollout stalled (${detail})`;
  return { ...common, state: "firing", value: 1, headline, reason, window: windowAt(stalledAt, 1, 1) };
}

function windowAt(at: number, known: number, breaching: number): TriggerStatus["window"] {
  return { from: at, to: at, size: 1, known, breaching, longestGapMs: 0 };
}
