import type { Policy } from "../rules/policy.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Takes away what a policy's triggers showed last: a gauge that nobody sets any more would fire alerts for ever. */
export function forgetMetrics({ name: policy, triggers }: Policy, metrics: Metrics): void {
  metrics.targetStale.remove({ policy });
  for (const { name: trigger } of triggers) {
    metrics.triggerState.remove({ policy, trigger });
    metrics.triggerValue.remove({ policy, trigger });
    metrics.windowCoverage.remove({ policy, trigger });
  }
}
