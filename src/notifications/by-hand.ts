import type { HoldReason } from "../decisions/reason.ts";
import type { DecisionRecord } from "../log/record.ts";

/** Held back for want of evidence, or for too much automation: a person may know better, and may act through rollbackd. */
const FOR_PEOPLE: ReadonlySet<HoldReason | "rollback"> = new Set([
  "outside-guard-period",
  "vetoed",
  "cooldown",
  "budget-exhausted",
  "no-known-good-revision",
]);

/** The command with which a person does what rollbackd does not; it shows what will change, and asks. Empty where it would be refused, too. */
export function byHandLine({ policy, reason, release }: DecisionRecord): string {
  if (!FOR_PEOPLE.has(reason) || release === undefined) return "";
  const to = reason === "no-known-good-revision" ? " --to REVISION" : "";
  return `To roll back by hand: rollbackd rollback ${policy} --reason other${to}`;
}
