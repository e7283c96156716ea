import type { Policy } from "../src/rules/policy.ts";
import { metricTrigger, policy } from "../test/support/model.ts";

/** `count` policies, each with a target of its own and `triggers` metric triggers over a window of `forMs`. */
export function manyPolicies(
  count: number,
  {
    triggers,
    forMs,
    guardMs,
  }: { readonly triggers: number; readonly forMs: number; readonly guardMs: number },
): readonly Policy[] {
  return Array.from({ length: count }, (_, index) =>
    policy({
      name: `policy-${index}`,
      target: { kind: "deployment", namespace: "bench", deployment: `service-${index}` },
      guard: guardMs,
      triggers: Array.from({ length: triggers }, (_, each) =>
        metricTrigger({
          name: `trigger-${each}`,
          query: { kind: "expr", expr: `${index}:metric_${each}` },
          forMs,
        }),
      ),
      notify: ["slack", "pagerduty"],
    }),
  );
}
