import { expect, test } from "vitest";
import { nextStep } from "../../src/decisions/next-step.ts";
import { HOLD_REASONS, kindOf } from "../../src/decisions/reason.ts";

const PAGING = HOLD_REASONS.filter((reason) => kindOf(reason) === "escalate" || reason === "not-confirmed");

test.each(PAGING)("whoever is paged for %s is not told that there is nothing to do", (reason) => {
  expect(nextStep({ decision: "escalate", reason, otherReasons: [] })).not.toMatch(/nothing to do/i);
});

test("what goes on by itself says so", () => {
  expect(nextStep({ decision: "hold", reason: "not-confirmed", otherReasons: [] })).toMatch(/Nothing to do/);
});
