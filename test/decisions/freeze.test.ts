import { describe, expect, test } from "vitest";
import { type Freeze, frozenGate, isOver } from "../../src/decisions/freeze.ts";
import { rejectedBy } from "../../src/decisions/answer.ts";
import { HOUR, TEN } from "../support/model.ts";

const freeze: Freeze = { by: "token:ada", at: TEN, untilMs: TEN + HOUR, note: undefined };

describe("a freeze", () => {
  test("ends at its end, not before, and never where it has none", () => {
    expect(isOver(freeze, TEN + HOUR - 1)).toBe(false);
    expect(isOver(freeze, TEN + HOUR)).toBe(true);
    expect(isOver({ ...freeze, untilMs: undefined }, Number.MAX_SAFE_INTEGER)).toBe(false);
  });

  test("says who, since when, until when and why", () => {
    expect(frozenGate(freeze, TEN)).toBe(
      "token:ada froze it at 2026-03-02 10:00:00Z until 2026-03-02 11:00:00Z",
    );
    expect(frozenGate({ ...freeze, untilMs: undefined, note: "migration" }, TEN)).toBe(
      "token:ada froze it at 2026-03-02 10:00:00Z until somebody resumes it: migration",
    );
  });

  test("that is over, or never was, is no gate", () => {
    expect(frozenGate(freeze, TEN + HOUR)).toBeUndefined();
    expect(frozenGate(undefined, TEN)).toBeUndefined();
  });
});

test("a rejection says who, when and why", () => {
  expect(rejectedBy("token:ada", TEN, undefined)).toEqual({
    kind: "declined",
    detail: "token:ada rejected it at 2026-03-02 10:00:00Z",
  });
  expect(rejectedBy("token:ada", TEN, "load test")).toMatchObject({
    detail: "token:ada rejected it at 2026-03-02 10:00:00Z: load test",
  });
});
