import type { Logger } from "pino";
import type { DecisionRecord } from "../log/record.ts";
import type { Message } from "../notifications/message.ts";
import { ofDecision } from "../notifications/decision.ts";
import { LOG_KEY } from "../notifications/messages.ts";

/** A decision that no pass has taken for this long belongs to another outage when it comes back. */
const ANOTHER_AFTER_MS = 15 * 60_000;

/**
 * Sends messages, past the log, about decisions that it could not take; each once an outage, though every pass takes
 * it anew. Standard output has no record to show either, so each is a line there.
 * They belong to the incident of the log itself, which ends when it can be written again: no record could end theirs.
 */
export function createUnloggedTeller(
  announce: (message: Message) => void,
  { logger, now }: { readonly logger: Pick<Logger, "error">; readonly now: () => number },
): (decision: DecisionRecord) => void {
  const taken = new Map<string, number>();
  return (decision) => {
    const key = JSON.stringify([decision.policy, decision.release, decision.reason]);
    const at = now();
    const before = taken.get(key);
    taken.set(key, at);
    if (before !== undefined && at - before < ANOTHER_AFTER_MS) return;
    const message = ofDecision({
      ...decision,
      at: new Date(at).toISOString(),
      seq: 0,
      prev: "",
      hash: "",
    });
    if (message === undefined) return;
    const { policy, target, reason } = decision;
    logger.error({ policy, target, reason }, [message.title, ...message.lines].join(" "));
    announce({ ...message, dedupKey: LOG_KEY });
  };
}
