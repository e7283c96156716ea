import { failuresInARow } from "../engine/health-status.ts";
import { type Verdict, verdictOf } from "../engine/verdict.ts";
import type { JudgedSlot } from "../releases/blame.ts";
import type { HealthTrigger, Trigger } from "../rules/policy.ts";
import { isKnown, type Sample } from "../signals/sample.ts";

/** Samples of a rollout are 1 where it is stalled. */
const STALLED = { op: "above", value: 0 } as const;

/**
 * What each of `added` says of how things stood at its time; `before` are the samples ahead of them, oldest first.
 * Failed probes fewer than a health trigger asks for say nothing: a service that is restarted for its release
 * stumbles once, and that must neither condemn the version before nor hide how that one did.
 */
export function judgeSlots(
  trigger: Trigger,
  before: readonly Sample[],
  added: readonly Sample[],
): readonly JudgedSlot[] {
  if (trigger.kind === "metric") {
    return added.map((sample) => ({ at: sample.at, verdict: verdictOf(trigger.threshold, sample) }));
  }
  if (trigger.kind === "rollout") {
    return added.map((sample) => ({ at: sample.at, verdict: verdictOf(STALLED, sample) }));
  }
  // That an image is vulnerable is found out later than it began, and says nothing about how the service does.
  if (trigger.kind === "vulnerability") return added.map(({ at }) => ({ at, verdict: "unknown" }));
  return added.map(({ at }, index) => {
    return { at, verdict: probeVerdict(trigger, [...before, ...added.slice(0, index + 1)]) };
  });
}

/** Of the newest result. */
function probeVerdict({ failures }: HealthTrigger, results: readonly Sample[]): Verdict {
  const newest = results.at(-1);
  if (newest === undefined || !isKnown(newest)) return "unknown";
  const run = failuresInARow(results.filter(isKnown));
  if (run === 0) return "healthy";
  return run >= failures ? "breaching" : "unknown";
}
