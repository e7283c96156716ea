import { describe, expect, it } from "vitest";
import type { RecordBody } from "../../src/log/record.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import { recordsOf } from "./memory-log.ts";
import { decision, trigger } from "./story.ts";

const KEY = "rollbackd/shop/api/shop/api@7";
const about = { policy: "api", decisionId: "d1", release: "shop/api@7" } as const;
const waits: RecordBody = {
  ...decision("d1", { decision: "escalate", reason: "awaiting-approval" }),
  approveUntil: "2026-03-02T10:30:00.000Z",
};
const approved: RecordBody = { type: "operator.approve", ...about, by: "token:alice", note: "go" };
const rejected: RecordBody = { type: "operator.reject", ...about, by: "token:alice" };
const ended = { ...about, target: "shop/api", detail: "no answer came within 30m" } as const;

/** The messages of the last record. */
function last(...bodies: readonly RecordBody[]) {
  return recordsOf(bodies).map(createTeller()).at(-1) ?? [];
}

describe("a decision that waits for a person", () => {
  it("pages with the commands and until when", () => {
    const [message] = last(trigger("firing"), waits);
    expect(message).toMatchObject({
      event: "trigger",
      dedupKey: KEY,
      title:
        "shop/api needs you: error-rate fires after revision 7; rolling back to revision 6 waits for your approval",
    });
    expect(message?.lines.join(" ")).toMatch(/10:30.*rollbackd approve d1 or rollbackd reject d1/);
  });

  it.each([
    ["approved", approved, "info", /checked once more/],
    ["rejected", rejected, "info", /Nothing is rolled back.*rollbackd rollback api/],
    [
      "left alone",
      { type: "approval.expired", ...ended },
      "trigger",
      /no answer came within 30m.*rollbackd rollback api/,
    ],
  ] as const)("that is %s is told of in the same incident, with the next step", (_, record, event, text) => {
    const told = last(trigger("firing"), waits, record);
    // What nobody answered must ring though the incident is open.
    const own =
      event === "trigger"
        ? { dedupKey: `${KEY}/approval/d1`, incident: KEY, severity: "critical" }
        : { dedupKey: KEY };
    expect(told).toMatchObject([{ event, decisionId: "d1", ...own }]);
    expect([told[0]?.title, ...(told[0]?.lines ?? [])].join(" ")).toMatch(text);
  });

  it("is told of once: an answer to what waits no longer says nothing", () => {
    expect(last(trigger("firing"), waits, approved, approved)).toEqual([]);
    expect(last(rejected)).toEqual([]);
  });

  describe("that is approved and blocked", () => {
    const blocked = decision("d2", { decision: "hold", reason: "frozen" });
    const expired: RecordBody = { type: "approval.expired", ...ended, detail: "frozen until 30m were over" };
    const withdrawn: RecordBody = { type: "approval.withdrawn", ...ended, detail: "it recovered" };
    const agreed = [trigger("firing"), waits, approved];

    it.each([
      ["at once", [blocked], "info", /token:alice and not rolled back yet \(frozen\).*stands until.*10:30/],
      ["when the time is over", [blocked, expired], "trigger", /though token:alice.*frozen.*rollback api/],
      ["when it is withdrawn", [blocked, withdrawn], "info", /does not take place.*it recovered/],
    ] as const)("is told of %s, in the same incident", (_, records, event, text) => {
      const told = last(...agreed, ...records);
      expect(told).toMatchObject([{ event, dedupKey: event === "trigger" ? `${KEY}/approval/d1` : KEY }]);
      expect([told[0]?.title, ...(told[0]?.lines ?? [])].join(" ")).toMatch(text);
    });

    it("that something stands in the way already is told with the answer", () => {
      const [told] = last(trigger("firing"), waits, blocked, approved);
      expect(told?.lines.join(" ")).toMatch(/stands in the way \(frozen\).*until 2026-03-02 10:30/);
    });

    it("is told of no more once it was rolled back, or was asked anew", () => {
      const hold: RecordBody = decision("d3", { decision: "hold", reason: "not-confirmed" });
      expect(last(...agreed, decision("d2"), hold)).toEqual([]);
      expect(last(...agreed, { ...waits, decisionId: "d2" }, hold)).toEqual([]);
      expect(last(...agreed, { ...hold, policy: "other" })).toEqual([]);
    });
  });

  it("that is withdrawn ends with its trigger, in one message", () => {
    const withdrawn: RecordBody = { type: "approval.withdrawn", ...ended };
    expect(last(trigger("firing"), waits, withdrawn)).toEqual([]);
    expect(last(trigger("firing"), waits, withdrawn, trigger("resolved"))).toMatchObject([
      { event: "resolve", dedupKey: KEY },
    ]);
  });
});

describe("a freeze", () => {
  it.each([
    [
      { type: "operator.freeze", policy: "api", by: "token:bob", note: "load test" },
      /until it is resumed.*token:bob.*load test.*rollbackd resume api/,
    ],
    [
      { type: "operator.freeze", policy: "api", by: "token:bob", until: "2026-03-02T12:00:00.000Z" },
      /until 2026-03-02 12:00/,
    ],
    [{ type: "operator.resume", policy: "api", by: "token:bob" }, /token:bob ended their own freeze/],
    [
      { type: "freeze.expired", policy: "api", until: "2026-03-02T12:00:00.000Z" },
      /expired at 2026-03-02 12:00/,
    ],
  ] as const)("%j is good to know and pages nobody", (record, text) => {
    const [message] = last(record);
    expect(message).toMatchObject({ event: "info", dedupKey: "rollbackd/freeze/api" });
    expect([message?.title, ...(message?.lines ?? [])].join(" ")).toMatch(text);
  });
});
