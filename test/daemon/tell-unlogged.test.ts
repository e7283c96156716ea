import { describe, expect, it } from "vitest";
import { createUnloggedTeller } from "../../src/daemon/tell-unlogged.ts";
import type { DecisionRecord } from "../../src/log/record.ts";
import type { Message } from "../../src/notifications/message.ts";
import { HOUR, INTERVAL, MINUTE, TEN } from "../support/model.ts";

const blocked: DecisionRecord = {
  type: "decision.made",
  policy: "vcci-api",
  target: "vcci-production/vcci-api",
  release: "vcci-production/vcci-api@2",
  decisionId: "d1",
  decision: "escalate",
  reason: "log-unwritable",
  otherReasons: [],
  trigger: "error-rate",
  summary: "error-rate is 11.2 %, above 5 % for 5 min.",
  evidence: [],
};

/** How often people are told when every pass of these spans takes the decision. */
function told(...spans: readonly (readonly [from: number, to: number])[]): number {
  const messages: Message[] = [];
  let at = 0;
  const tell = createUnloggedTeller((message) => void messages.push(message), {
    logger: { error: () => undefined },
    now: () => at,
  });
  for (const [from, to] of spans) for (at = from; at <= to; at += INTERVAL) tell(blocked);
  return messages.length;
}

describe("a decision that the log cannot take", () => {
  it("is a line of standard output at error, with its target and the sentences of the message", () => {
    const lines: unknown[] = [];
    const tell = createUnloggedTeller(() => undefined, {
      logger: { error: (...line: unknown[]) => void lines.push(line) },
      now: () => TEN,
    });
    tell(blocked);
    expect(lines).toEqual([
      [expect.objectContaining({ target: blocked.target }), expect.stringContaining(blocked.summary)],
    ]);
  });

  it("is told once for as long as every pass takes it", () => {
    expect(told([TEN, TEN + 3 * HOUR])).toBe(1);
  });

  it("is told again when it comes back after the log could be written for a while", () => {
    expect(told([TEN, TEN + 5 * MINUTE], [TEN + HOUR, TEN + HOUR + 5 * MINUTE])).toBe(2);
  });
});
