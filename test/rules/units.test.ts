import * as fc from "fast-check";
import { expect, test } from "vitest";
import { durationMs, parseThreshold } from "../../src/rules/units.ts";

test.each([
  ["0s", 0],
  ["250ms", 250],
  ["90s", 90_000],
  ["1h30m", 5_400_000],
  ["1w2d", 777_600_000],
])("%s lasts %d ms", (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each(["", "5", "5 m", "m", "-5m", "5m1h", "1.5h", "5min", "5M"])("`%s` is no duration", (text) => {
  expect(durationMs(text)).toBeNaN();
});

test.each([
  [5, 5, "number"],
  ["5", 5, "number"],
  ["5%", 0.05, "percent"],
  ["0.5%", 0.005, "percent"],
  ["99.9%", 0.999, "percent"],
  ["-3", -3, "number"],
  ["2e3", 2000, "number"],
  ["2000ms", 2, "duration"],
  ["2s", 2, "duration"],
  ["1.5s", 1.5, "duration"],
  ["1m30s", 90, "duration"],
] as const)("trap 15: a threshold of %s is %d", (written, value, unit) => {
  expect(parseThreshold(written)).toEqual({ value, unit });
});

test("any text is a threshold or is not, in bounded time", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("1", ".", "m", "s", "h", "%", "e", "-") }), (text) => {
      expect(typeof parseThreshold(text).value).toBe("number");
      expect(typeof durationMs(text)).toBe("number");
    }),
  );
});
