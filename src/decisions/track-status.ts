import { metricStatuses } from "../engine/each-series.ts";
import { healthStatus } from "../engine/health-status.ts";
import { rolloutStatus, type RolloutSeen } from "../engine/rollout-status.ts";
import { windowSize } from "../engine/slots.ts";
import type { TriggerStatus } from "../engine/trigger-status.ts";
import { vulnerabilityStatus } from "../engine/vulnerability-status.ts";
import type { Release } from "../releases/release.ts";
import type { MetricTrigger, Trigger } from "../rules/policy.ts";
import type { ImagesSeen } from "../signals/image-report.ts";
import type { Sample } from "../signals/sample.ts";

/** One trigger of one policy, and the release that is live. */
export interface TrackContext {
  readonly trigger: Trigger;
  readonly intervalMs: number;
  readonly release: Release | undefined;
  /** For a rollout trigger: what is seen of its rollout; absent while the target is not seen. */
  readonly rollout?: RolloutSeen;
  /** For a vulnerability trigger: what is known of the running images; absent while the target is not seen. */
  readonly images?: ImagesSeen;
}

/** What a trigger says, and each window of it that fires. */
export interface TrackStatuses {
  readonly status: TriggerStatus;
  /** The worst first: several with `aggregate: each`. */
  readonly firing: readonly TriggerStatus[];
}

/** What is measured until `at` says then; `samples` as a track remembers them. */
export function statusesOf(context: TrackContext, samples: readonly Sample[], at: number): TrackStatuses {
  const { trigger, intervalMs } = context;
  if (trigger.kind === "metric") {
    return metricStatuses(trigger, intervalMs, fullWindow(trigger, intervalMs, samples, at));
  }
  const status = statusOf(trigger, context, samples, at);
  return { status, firing: status.state === "firing" ? [status] : [] };
}

function statusOf(
  trigger: Exclude<Trigger, MetricTrigger>,
  { rollout, images, release }: TrackContext,
  samples: readonly Sample[],
  at: number,
): TriggerStatus {
  switch (trigger.kind) {
    case "health":
      return healthStatus(trigger, samples, at);
    case "rollout":
      return rolloutStatus(trigger, rollout, at);
    case "vulnerability":
      return vulnerabilityStatus(trigger, images, release?.startedAt, at);
  }
}

/** The last window of samples ending at `at`, padded with what was never measured. */
function fullWindow(
  trigger: MetricTrigger,
  intervalMs: number,
  samples: readonly Sample[],
  at: number,
): readonly Sample[] {
  const size = windowSize(trigger.forMs, intervalMs);
  const end = samples.findLastIndex((sample) => sample.at <= at) + 1;
  const seen = samples.slice(Math.max(0, end - size), end);
  const missing = Array.from({ length: size - seen.length }, (_, index): Sample => {
    return { at: at - (size - 1 - index) * intervalMs, unknown: "not-evaluated" };
  });
  return [...missing, ...seen];
}
