import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatDuration,
  formatInstant,
  formatLimit,
  formatMeasured,
  formatPercent,
  formatThreshold,
  formatValue,
} from "../../src/text/format.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [0, "0 s"],
  [0.4, "0 s"],
  [1, "1 ms"],
  [420, "420 ms"],
  [999, "999 ms"],
  [999.6, "1 s"],
  [SECOND, "1 s"],
  [1500, "1.5 s"],
  [11_097, "11.1 s"],
  [59_949, "59.9 s"],
  [59_960, "1 min"],
  [90 * SECOND, "1 min 30 s"],
  [14 * MINUTE, "14 min"],
  [14 * MINUTE + 32 * SECOND + 400, "14 min 32 s"],
  [HOUR, "1 h"],
  [HOUR + SECOND, "1 h"],
  [HOUR + 59 * MINUTE + 59 * SECOND, "2 h"],
  [DAY + 2 * HOUR + MINUTE, "1 d 2 h"],
  [2 * DAY - 1, "2 d"],
  [-90 * SECOND, "-1 min 30 s"],
])("formatDuration says %d ms as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [0.112_34, "0.1123"],
  [5, "5"],
  [-0, "0"],
  [123_456, "123456"],
  [123_456.7, "123457"],
  [1e-9, "1e-9"],
])("formatValue writes %d as %s", (value, text) => {
  expect(formatValue(value)).toBe(text);
});

test.each([
  [0.2075, "20.8 %"],
  [0.07, "7 %"],
  [1, "100 %"],
  [0.001_234, "0.123 %"],
  [117.7, "11770 %"],
])("formatPercent writes a share of %d as %s", (share, text) => {
  expect(formatPercent(share)).toBe(text);
});

describe("formatMeasured", () => {
  test.each([
    [0.2075, "5%", 0.05, "20.8 %"],
    [0, "5%", 0.05, "0 %"],
    [0.050_004, "5%", 0.05, "5.0004 %"],
    [0.05, "5%", 0.05, "5 %"],
    [0.998_996, "99.9%", 0.999, "99.8996 %"],
    [0.42, "2000ms", 2, "420 ms"],
    [2.3456, "2000ms", 2, "2.35 s"],
    [0.199_96, "200ms", 0.2, "199.96 ms"],
    [0.000_4, "500ms", 0.5, "0.4 ms"],
    [11.097, "10s", 10, "11.1 s"],
    [90, "1m", 60, "1 min 30 s"],
    [300.4, "5m", 300, "300.4 s"],
    [12_345.6, "2h", 7200, "3 h 26 min"],
    [-0.5, "1s", 1, "-500 ms"],
    [207.512, "200", 200, "207.5"],
    [3, "5", 5, "3"],
    [1_234_567, "1000000", 1_000_000, "1234567"],
  ])("writes %d against %s as %s", (value, text, limit, shown) => {
    expect(formatMeasured(value, { text, value: limit })).toBe(shown);
  });

  test("writes a value without a limit in the unit alone", () => {
    expect(formatMeasured(0.2075, { text: "5%" })).toBe("20.8 %");
    expect(formatMeasured(0.2075, { text: "" })).toBe("0.2075");
  });

  test("never writes a value like a limit that it is not", () => {
    const limits = [
      ["5%", 0.05],
      ["99.9%", 0.999],
      ["500ms", 0.5],
      ["2s", 2],
      ["5m", 300],
      ["100", 100],
    ] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...limits),
        fc.double({ min: -1e-3, max: 1e-3, noNaN: true }),
        ([text, limit], off) => {
          const value = Number((limit * (1 + off)).toPrecision(12));
          const shown = formatMeasured(value, { text, value: limit });
          expect(shown === formatMeasured(limit, { text, value: limit })).toBe(value === limit);
        },
      ),
    );
  });
});

test.each([
  ["5%", "5 %"],
  ["0.1%", "0.1 %"],
  ["2000ms", "2000 ms"],
  ["1.5s", "1.5 s"],
  ["1h30m", "1 h 30 min"],
  ["0.05", "0.05"],
  ["2e3", "2e3"],
])("formatLimit writes %s as %s", (text, shown) => {
  expect(formatLimit(text)).toBe(shown);
});

test.each([
  ["above 5%", "above 5 %"],
  ["below 500ms", "below 500 ms"],
  ["3 failures in a row", "3 failures in a row"],
  ["stalled", "stalled"],
  ["severity high or worse", "severity high or worse"],
])("formatThreshold writes %s as %s", (threshold, shown) => {
  expect(formatThreshold(threshold)).toBe(shown);
});

describe("formatInstant", () => {
  const at = Date.UTC(2026, 2, 1, 10, 5, 15, 250);

  test("writes an instant to the second and in UTC", () => {
    expect(formatInstant(at)).toBe("2026-03-01 10:05:15Z");
  });

  test("leaves the date out when the reader's day is the same", () => {
    expect(formatInstant(at, Date.UTC(2026, 2, 1, 23, 59))).toBe("10:05:15Z");
    expect(formatInstant(at, Date.UTC(2026, 2, 2))).toBe("2026-03-01 10:05:15Z");
  });
});
