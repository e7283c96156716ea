import { type Policy, targetKey, touchedBy } from "../rules/policy.ts";
import type { OpenRollback } from "./rollback-fold.ts";
import type { History } from "./history.ts";
import type { Sharing } from "./sharing.ts";

/** Of the policy's target itself, or of another one that has a Deployment in common with it. */
export function underWay(
  policy: Policy,
  sharing: () => readonly Sharing[],
  history: Pick<History, "allOpen">,
): OpenRollback | undefined {
  const open = history.allOpen();
  if (open.length === 0) return undefined;
  const targets = [policy, ...sharing().map((other) => other.policy)].map(targetKey);
  const touched = new Set(targets.flatMap(touchedBy));
  return open.find(({ started }) => touchedBy(started.target).some((one) => touched.has(one)));
}
