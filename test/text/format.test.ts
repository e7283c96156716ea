import { expect, test } from "vitest";
import { formatDuration, formatInstant, formatValue } from "../../src/text/format.ts";

test.each([
  [0, "0s"],
  [0.4, "0s"],
  [1, "1ms"],
  [999, "999ms"],
  [1_000, "1s"],
  [1_500, "1s500ms"],
  [90_000, "1m30s"],
  [3_600_000, "1h"],
  [3_600_000 + 1_000, "1h"],
  [86_400_000 + 7_200_000 + 60_000, "1d2h"],
  [2 * 86_400_000, "2d"],
  [-90_000, "-1m30s"],
])("%d ms is %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [0.112_34, "0.1123"],
  [5, "5"],
  [123_456, "123500"],
  [1e-9, "1e-9"],
])("%d is %s", (value, text) => {
  expect(formatValue(value)).toBe(text);
});

test("an instant is to the second and in UTC", () => {
  expect(formatInstant(Date.UTC(2026, 2, 1, 10, 5, 15, 250))).toBe("2026-03-01 10:05:15Z");
});
