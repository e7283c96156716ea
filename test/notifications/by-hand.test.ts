import { expect, test } from "vitest";
import { createTeller } from "../../src/notifications/teller.ts";
import type { DecisionRecord } from "../../src/log/record.ts";
import { recordsOf } from "./memory-log.ts";
import { decision } from "./story.ts";

function lines(change: Partial<DecisionRecord>): string {
  const [message] = recordsOf([{ ...decision("d1"), decision: "escalate", ...change }]).flatMap(
    createTeller(),
  );
  return [message?.title, ...(message?.lines ?? [])].join("\n");
}

test.each(["outside-guard-period", "cooldown", "budget-exhausted", "vetoed"] as const)(
  "a page for %s has the command with which a person does what rollbackd does not",
  (reason) => {
    expect(lines({ reason })).toMatch(/\nTo roll back by hand: rollbackd rollback api --reason other$/u);
  },
);

test("where no revision will do by itself, a person has to name one", () => {
  expect(lines({ reason: "no-known-good-revision" })).toContain("--reason other --to REVISION");
});

test.each(["release-not-reversible", "log-unwritable", "mass-breach"] as const)(
  "for %s it would be refused, or be wrong: the page does not offer it",
  (reason) => {
    expect(lines({ reason })).not.toContain("To roll back by hand");
  },
);

test("what waits for an answer says so, and does not say that nothing will be done", () => {
  const asking = lines({ reason: "awaiting-approval", approveUntil: "2026-03-02T10:30:00.000Z" });
  expect(asking).toMatch(
    /^shop\/api needs you: error-rate fires after revision 7; rolling back to revision 6 waits for your approval/u,
  );
});
