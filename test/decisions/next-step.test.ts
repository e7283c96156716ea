import { expect, test } from "vitest";
import { nextStep } from "../../src/decisions/next-step.ts";
import { HOLD_REASONS, kindOf } from "../../src/decisions/reason.ts";

test("nobody who is paged is told that there is nothing to do", () => {
  for (const reason of HOLD_REASONS) {
    const step = nextStep({ decision: "escalate", reason, otherReasons: [] });
    if (kindOf(reason) === "escalate" || reason === "not-confirmed") {
      expect(step, reason).not.toMatch(/nothing to do/i);
    }
  }
});

test("what goes on by itself says so", () => {
  expect(nextStep({ decision: "hold", reason: "not-confirmed", otherReasons: [] })).toMatch(/Nothing to do/);
});
