import type { DecisionRecord } from "../log/record.ts";
import { changedLately } from "../notifications/changed-lately.ts";

/** What came with the release of a decision, and what changed beside it, a line each; nothing where that is not on record. */
export function contextLines(decision: DecisionRecord): readonly string[] {
  const { changes = [], unseen = [] } = decision.context ?? {};
  return [...changes, changedLately(decision), ...unseen].filter((line) => line !== "");
}
