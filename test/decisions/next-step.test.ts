import { expect, test } from "vitest";
import { nextStep } from "../../src/decisions/next-step.ts";
import { HOLD_REASONS, kindOf } from "../../src/decisions/reason.ts";

test.each(HOLD_REASONS)("%s has a next step of its own, one sentence long", (reason) => {
  const step = nextStep({ decision: "hold", reason, otherReasons: [] });
  expect(step).toMatch(/^[A-Z].{20,}\.$/);
  const others = HOLD_REASONS.filter((other) => other !== reason);
  expect(
    others.map((other) => nextStep({ decision: "hold", reason: other, otherReasons: [] })),
  ).not.toContain(step);
});

test("a target that cannot be seen is to be looked at, and only then", () => {
  const step = nextStep({ decision: "escalate", reason: "not-confirmed", otherReasons: [] });
  expect(step).toMatch(/^Look at the target yourself/);
  expect(nextStep({ decision: "escalate", reason: "cooldown", otherReasons: [] })).not.toBe(step);
});

const PAGING = HOLD_REASONS.filter((reason) => kindOf(reason) === "escalate" || reason === "not-confirmed");

test.each(PAGING)("whoever is paged for %s is not told that there is nothing to do", (reason) => {
  expect(nextStep({ decision: "escalate", reason, otherReasons: [] })).not.toMatch(/nothing to do/i);
});

test("what was answered is not to be answered once more", () => {
  const step = (decision: "hold" | "escalate") =>
    nextStep({ decision, reason: "awaiting-approval", otherReasons: [] });
  expect(step("escalate")).toMatch(/^Approve or reject it/);
  expect(step("hold")).not.toMatch(/approve/i);
});

test("what goes on by itself says so", () => {
  expect(nextStep({ decision: "hold", reason: "not-confirmed", otherReasons: [] })).toMatch(/Nothing to do/);
});

test("a veto that nobody could hear is to be mended, one that was heard is not", () => {
  const step = (decision: "hold" | "escalate", reason: "vetoed" | "cooldown") =>
    nextStep({ decision, reason, otherReasons: [] });
  expect(step("escalate", "vetoed")).toMatch(/^Find out why the veto's query has no usable answer/);
  expect(step("hold", "vetoed")).not.toMatch(/no usable answer/);
  expect(step("escalate", "cooldown")).not.toMatch(/no usable answer/);
});
