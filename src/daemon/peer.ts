import { targetKey } from "../rules/policy.ts";
import type { History } from "./history.ts";
import type { Seen } from "./seen.ts";

/**
 * Another rollbackd, with a log of its own, put back what runs and may still verify it. Until it must have come to an
 * end, it decides and tells: a second voice would call people for a rollback that is on its way.
 */
export function isPeersTurn({ at, policy, facts }: Seen, history: Pick<History, "begun">): boolean {
  if (facts?.release.cause !== "rollback") return false;
  const { timeoutMs, verify } = policy.rollback;
  const own = new Set(history.begun(targetKey(policy)).map(({ decisionId }) => decisionId));
  const newest = facts.rollbacks.toSorted((a, b) => a.at - b.at).at(-1);
  if (newest === undefined || own.has(newest.decisionId)) return false;
  return at - newest.at < timeoutMs + verify.recoveryMs;
}
