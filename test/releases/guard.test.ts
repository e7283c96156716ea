import { expect, test } from "vitest";
import { isGuarded } from "../../src/releases/guard.ts";
import { HOUR, TEN } from "../support/model.ts";

test.each([
  ["to the last millisecond of the period", TEN, HOUR, TEN + HOUR, true],
  ["and not after it", TEN, HOUR, TEN + HOUR + 1, false],
  ["before its clock began, however late", undefined, HOUR, TEN + 24 * HOUR, true],
  ["at any age where the guard is for always", TEN, "always" as const, TEN + 1_000 * HOUR, true],
])("a release is guarded %s", (_, clockAt, guard, at, guarded) => {
  expect(isGuarded({ clockAt }, guard, at)).toBe(guarded);
});
