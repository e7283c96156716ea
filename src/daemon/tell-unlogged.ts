import type { DecisionRecord } from "../log/record.ts";
import type { Message } from "../notifications/message.ts";
import { ofDecision } from "../notifications/messages.ts";

/** Tells people, past the log, of decisions that it could not take; each once, though every pass takes it anew. */
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
    if (message !== undefined) announce(message);
  };
}
