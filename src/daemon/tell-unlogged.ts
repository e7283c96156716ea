import type { DecisionRecord } from "../log/record.ts";
import type { Message } from "../notifications/message.ts";
import { LOG_KEY, ofDecision } from "../notifications/messages.ts";

/**
 * Tells people, past the log, of decisions that it could not take; each once, though every pass takes it anew.
 * They belong to the incident of the log itself, which ends when it can be written again: no record could end theirs.
 */
export function createUnloggedTeller(
  announce: (message: Message) => void,
  now: () => number,
): (decision: DecisionRecord) => void {
  const told = new Set<string>();
  return (decision) => {
    const key = JSON.stringify([decision.policy, decision.release, decision.reason]);
    if (told.has(key)) return;
    told.add(key);
    const message = ofDecision({
      ...decision,
      at: new Date(now()).toISOString(),
      seq: 0,
      prev: "",
      hash: "",
    });
    if (message !== undefined) announce({ ...message, dedupKey: LOG_KEY });
  };
}
