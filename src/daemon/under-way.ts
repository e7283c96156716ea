import { touchedBy } from "../rules/policy.ts";
import type { OpenRollback } from "./history-fold.ts";
import type { History } from "./history.ts";

/** Of the target itself, or of another one that has a Deployment in common with it. */
export function underWay(target: string, history: Pick<History, "allOpen">): OpenRollback | undefined {
  const touched = new Set(touchedBy(target));
  return history.allOpen().find(({ started }) => touchedBy(started.target).some((one) => touched.has(one)));
}
