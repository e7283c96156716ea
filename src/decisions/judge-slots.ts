import { failuresInARow } from "../engine/health-status.ts";
import { windowRule } from "../engine/metric-status.ts";
import { type Verdict, verdictOf } from "../engine/verdict.ts";
import { qualifyingEnds } from "../engine/window.ts";
import type { JudgedSlot } from "../releases/blame.ts";
import type { HealthTrigger, MetricTrigger, Trigger } from "../rules/policy.ts";
import { isKnown, type Sample } from "../signals/sample.ts";

/** Samples of a rollout are 1 where it is stalled. */
const STALLED = { op: "above", value: 0 } as const;

/** What was measured and judged ahead of the new samples, oldest first; at least one window where there was one. */
export interface Earlier {
  readonly samples: readonly Sample[];
  readonly judged: readonly JudgedSlot[];
}

/**
 * What each of `added` says of how things stood at its time.
 * Failed probes fewer than a health trigger asks for say nothing: a service that is restarted for its release
 * stumbles once, and that must neither condemn the version before nor hide how that one did.
 */
export function judgeSlots(
  { trigger, intervalMs }: { readonly trigger: Trigger; readonly intervalMs: number },
  earlier: Earlier,
  added: readonly Sample[],
): readonly JudgedSlot[] {
  switch (trigger.kind) {
    case "metric":
      return judgeMetric(trigger, intervalMs, earlier.judged, added);
    case "rollout":
      return added.map((sample) => judgedAlone(sample.at, verdictOf(STALLED, sample)));
    case "vulnerability":
      // That an image is vulnerable is found out later than it began, and says nothing about how the service does.
      return added.map(({ at }) => judgedAlone(at, "unknown"));
    case "health":
      return added.map(({ at }, index) =>
        judgedAlone(at, probeVerdict(trigger, [...earlier.samples, ...added.slice(0, index + 1)])),
      );
  }
}

/** The slots of one series; `before` are those judged ahead of them. */
export function judgeMetric(
  trigger: MetricTrigger,
  intervalMs: number,
  before: readonly JudgedSlot[],
  added: readonly Sample[],
): readonly JudgedSlot[] {
  const fresh = added.map((sample) => verdictOf(trigger.threshold, sample));
  const all = [...before.map(({ verdict }) => verdict), ...fresh];
  const firing = qualifyingEnds(all, windowRule(trigger, intervalMs), before.length);
  return added.map(({ at }, index) => ({
    at,
    verdict: fresh[index] ?? "unknown",
    firing: firing[index] === true,
  }));
}

/** A breach here is what makes the trigger fire: it has no window beyond it. */
function judgedAlone(at: number, verdict: Verdict): JudgedSlot {
  return { at, verdict, firing: verdict === "breaching" };
}

/** Of the newest result. */
function probeVerdict({ failures }: HealthTrigger, results: readonly Sample[]): Verdict {
  const newest = results.at(-1);
  if (newest === undefined || !isKnown(newest)) return "unknown";
  const run = failuresInARow(results.filter(isKnown));
  if (run === 0) return "healthy";
  return run >= failures ? "breaching" : "unknown";
}
