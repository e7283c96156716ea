import { formatLimit } from "../../src/text/format.ts";
import { describe, expect, test } from "vitest";
import { judgeMetric } from "../../src/checkpoints/judge.ts";
import type { Criterion, MetricCheck, Versus } from "../../src/rules/policy.ts";
import type { Sample } from "../../src/signals/sample.ts";
import { parseThreshold } from "../../src/rules/units.ts";
import { TEN } from "../support/model.ts";

function check(must: Criterion | undefined, versus?: Versus): MetricCheck {
  return { kind: "metric", name: "c", query: { kind: "expr", expr: "x" }, must, versus };
}

const must = (is: Criterion["is"], value: number): Criterion => ({ is, value, text: String(value) });
const may = (what: Versus["may"], by: number): Versus => ({
  may: what,
  of: "share",
  by,
  text: `${by * 100}%`,
});
const known = (value: number): Sample => ({ at: TEN, value });
const unseen: Sample = { at: TEN, unknown: "no-data" };

describe("what must hold", () => {
  test.each([
    ["above", 0.84, "fail"],
    ["above", 0.85, "fail"],
    ["above", 0.86, "pass"],
    ["below", 0.84, "pass"],
    ["below", 0.85, "fail"],
    ["below", 0.86, "fail"],
    ["atLeast", 0.84, "fail"],
    ["atLeast", 0.85, "pass"],
    ["atLeast", 0.86, "pass"],
    ["atMost", 0.84, "pass"],
    ["atMost", 0.85, "pass"],
    ["atMost", 0.86, "fail"],
  ] as const)("is strict about the limit only where its word is: %s 0.85 with %d", (is, value, result) => {
    expect(judgeMetric(check(must(is, 0.85)), known(value), undefined)).toMatchObject({ result, value });
  });

  test("is told with its numbers", () => {
    expect(judgeMetric(check(must("atLeast", 0.999)), known(0.99421), undefined)).toEqual({
      name: "c",
      result: "fail",
      value: 0.99421,
      must: "at least 0.999",
      detail: "0.9942, must be at least 0.999",
    });
  });

  test("what is unknown has neither passed nor failed, and has no value", () => {
    expect(
      judgeMetric(
        check(must("below", 1)),
        { at: TEN, unknown: "low-traffic", detail: "0 a second" },
        undefined,
      ),
    ).toEqual({ name: "c", result: "unknown", must: "below 1", detail: "low-traffic: 0 a second" });
  });
});

describe("against the same span before the release", () => {
  test.each([
    ["rise", 100, 120, "pass"],
    ["rise", 100, 121, "fail"],
    ["rise", 100, 10, "pass"],
    ["fall", 100, 80, "pass"],
    ["fall", 100, 79, "fail"],
    ["fall", 100, 1000, "pass"],
    ["rise", 0.7, 0.84, "pass"],
    ["fall", 0.3, 0.24, "pass"],
    // Of nothing there is no share: it may not rise at all.
    ["rise", 0, 0, "pass"],
    ["rise", 0, 0.1, "fail"],
    // A slope below zero: the room is a share of its size.
    ["rise", -10, -8, "pass"],
    ["rise", -10, -7, "fail"],
  ] as const)("may %s by a fifth: from %d to %d", (what, before, now, result) => {
    const found = judgeMetric(check(undefined, may(what, 0.2)), known(now), known(before));
    expect(found).toMatchObject({ result, value: now, before });
  });

  test("an unknown past leaves the comparison open, and what fails by itself failed", () => {
    const both = check(must("below", 1), may("rise", 0.2));
    expect(judgeMetric(both, known(0.5), unseen)).toMatchObject({
      result: "unknown",
      value: 0.5,
      detail: "0.5, must be below 1; before the release: no-data",
    });
    expect(judgeMetric(both, known(2), unseen).result).toBe("fail");
    expect(judgeMetric(both, known(2), undefined).result).toBe("fail");
    expect(judgeMetric(both, known(0.5), known(0.5)).result).toBe("pass");
    expect(judgeMetric(both, known(0.5), known(0.1)).result).toBe("fail");
  });

  test.each([
    ["rise", 0.3, 0.35, "50ms", "pass"],
    ["rise", 0.3, 0.36, "50ms", "fail"],
    // Of nothing there is no share, but there are amounts.
    ["rise", 0, 0.0004, "0.0005", "pass"],
    ["fall", 0.9999, 0.9995, "0.0005", "pass"],
    ["fall", 0.9999, 0.999, "0.0005", "fail"],
  ] as const)(
    "an amount counts in the unit of the query: may %s from %d to %d by %s",
    (what, was, now, text, result) => {
      const { value } = parseThreshold(text);
      const versus = { may: what, of: "amount", by: value, text } as const;
      expect(judgeMetric(check(undefined, versus), known(now), known(was)).result).toBe(result);
    },
  );
});

test.each([
  ["99.9%", 0.99421, "99.4 %"],
  ["99.9%", 0.998996, "99.8996 %"],
  ["0.1%", 0.00012345, "0.0123 %"],
  ["500ms", 0.5123, "512 ms"],
  ["1s", 1.25, "1.25 s"],
  ["0", 3, "3"],
])("a value is said in the unit of its limit, %s: %d is %s", (text, value, expected) => {
  const limit = { is: "below", value: parseThreshold(text).value, text } as const;
  expect(judgeMetric(check(limit), known(value), undefined).detail).toBe(
    `${expected}, must be below ${formatLimit(text)}`,
  );
});

test.each([
  [0.7, 0.75, "50ms"],
  [1.1, 1.2, "100ms"],
  [0.1, 0.3, "200ms"],
])("from %d to %d is a rise by no more than %s", (before, now, text) => {
  const versus: Versus = { may: "rise", of: "amount", by: parseThreshold(text).value, text };
  expect(judgeMetric(check(undefined, versus), known(now), known(before))).toMatchObject({ result: "pass" });
});

test("a value near its limit does not look like the limit", () => {
  const limit: Criterion = { is: "below", value: 0.2, text: "200ms" };
  expect(judgeMetric(check(limit), known(0.19996), undefined).detail).toBe("199.96 ms, must be below 200 ms");
  expect(judgeMetric(check(must("below", 1000)), known(999.96), undefined).detail).toMatch(/^999\.96,/u);
});

test("both comparisons are said in one unit", () => {
  const limit = { is: "below", value: 0.5, text: "500ms" } as const;
  expect(judgeMetric(check(limit, may("rise", 0.2)), known(0.3), known(0.2))).toMatchObject({
    result: "fail",
    must: "below 500ms, rise by at most 20% against before",
    detail: "300 ms, must be below 500 ms; 300 ms against 200 ms before, may rise by 20 %",
  });
});
