import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reduceExpr, reduceRatio, type Reading, type SeriesRule } from "../../src/signals/reduce.ts";
import type { Sample } from "../../src/signals/sample.ts";

const AT = 1_700_000_000_000;
const threshold = { op: "above", value: 0.05, text: "5%" } as const;
const alone: SeriesRule = { aggregate: undefined, threshold };
const any: SeriesRule = { aggregate: "any", threshold };
const all: SeriesRule = { aggregate: "all", threshold };

const whyNotZero = () => undefined;

const series = (...values: readonly number[]): readonly Reading[] =>
  values.map((value, index) => ({ labels: { pod: `p${index}` }, value }));
const labelled = (values: Readonly<Record<string, number>>): readonly Reading[] =>
  Object.entries(values).map(([pod, value]) => ({ labels: { pod }, value }));

describe("an expression", () => {
  test("with one series is its value", () => {
    expect(reduceExpr(alone, AT, series(0.2))).toEqual({ at: AT, value: 0.2 });
  });

  test("trap 4: an empty result is no data, neither 0 nor ok", () => {
    for (const rule of [alone, any, all]) {
      expect(reduceExpr(rule, AT, [])).toMatchObject({ at: AT, unknown: "no-data" });
    }
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "trap 4: %s is unknown",
    (value) => {
      expect(reduceExpr(alone, AT, series(value))).toMatchObject({ unknown: "impossible" });
    },
  );

  test("trap 16: two series are unknown until the rule says how to combine them", () => {
    expect(reduceExpr(alone, AT, series(0.2, 0.01))).toMatchObject({
      unknown: "many-series",
      detail: expect.stringContaining("2 series"),
    });
    expect(reduceExpr(any, AT, series(0.2, 0.01))).toEqual({ at: AT, value: 0.2 });
    expect(reduceExpr(all, AT, series(0.2, 0.01))).toEqual({ at: AT, value: 0.01 });
  });

  test("below turns round what is worst", () => {
    const below = { op: "below", value: 3, text: "3" } as const;
    expect(reduceExpr({ aggregate: "any", threshold: below }, AT, series(2, 5))).toMatchObject({ value: 2 });
    expect(reduceExpr({ aggregate: "all", threshold: below }, AT, series(2, 5))).toMatchObject({ value: 5 });
  });
});

describe("a ratio", () => {
  const ratio = (errors: readonly Reading[], total: readonly Reading[], rule = alone, minTotal = 1) =>
    reduceRatio(rule, AT, { errors, total, minTotal, whyNotZero });

  test("is errors ÷ total", () => {
    expect(ratio(series(5), series(100))).toEqual({ at: AT, value: 0.05 });
  });

  test("trap 5: no error series with traffic is 0", () => {
    expect(ratio([], series(100))).toEqual({ at: AT, value: 0 });
  });

  test("is unknown without errors where that does not mean 0, and traffic is weighed first", () => {
    const open = (errors: readonly Reading[], total: readonly Reading[], rule = alone) =>
      reduceRatio(rule, AT, { errors, total, minTotal: 1, whyNotZero: () => "nobody knows" });
    expect(open([], series(100))).toEqual({ at: AT, unknown: "no-such-series", detail: "nobody knows" });
    expect(open([], series(0.5))).toMatchObject({ unknown: "low-traffic" });
    expect(open([], [])).toMatchObject({ unknown: "no-data" });
    expect(open(series(5), series(100))).toMatchObject({ value: 0.05 });
    const total = labelled({ a: 100, b: 100 });
    expect(open(labelled({ a: 20 }), total, any)).toMatchObject({ value: 0.2 });
    expect(open(labelled({ a: 1 }), total, any)).toMatchObject({ unknown: "no-such-series" });
  });

  test("trap 5: no total is no data, whatever the errors say", () => {
    expect(ratio(series(5), [])).toMatchObject({ unknown: "no-data" });
    expect(ratio([], [])).toMatchObject({ unknown: "no-data" });
  });

  test("trap 5: less traffic than minTotal is low traffic; exactly minTotal is enough", () => {
    expect(ratio(series(0.9), series(0.99))).toMatchObject({ unknown: "low-traffic" });
    expect(ratio(series(0.5), series(1))).toEqual({ at: AT, value: 0.5 });
  });

  test("a total of 0 is low traffic even where no minTotal is wanted", () => {
    expect(ratio(series(0), series(0), alone, 0)).toMatchObject({ unknown: "low-traffic" });
  });

  test("trap 4: numbers that are none are unknown on both sides", () => {
    expect(ratio(series(Number.NaN), series(100))).toMatchObject({ unknown: "impossible" });
    expect(ratio(series(1), series(Number.NaN))).toMatchObject({ unknown: "impossible" });
    expect(ratio(series(1), series(Number.POSITIVE_INFINITY))).toMatchObject({ unknown: "impossible" });
  });

  test.each([
    ["more than 110 %", 111, 100],
    ["far more, as when a counter steps back by 5 under a short range", 2000, 17],
    ["negative errors", -1, 100],
    ["a negative total", 5, -100],
    ["both sides negative, whose quotient looks fine", -5, -100],
    ["negative errors with less traffic than minTotal asks for", 5, -0.5],
  ])("is impossible: %s", (_, errors, total) => {
    expect(ratio(series(errors), series(total))).toMatchObject({ unknown: "impossible" });
    expect(ratio(labelled({ a: errors }), labelled({ a: total }), all)).toMatchObject({
      unknown: "impossible",
    });
  });

  test("counts as 1 above the whole, up to 110 %", () => {
    expect(ratio(series(100.1), series(100))).toEqual({ at: AT, value: 1 });
    expect(ratio(series(110), series(100))).toEqual({ at: AT, value: 1 });
    expect(ratio(series(110.1), series(100))).toMatchObject({ unknown: "impossible" });
  });

  test("takes what is left when equal rates are subtracted for no errors", () => {
    expect(ratio(series(-1e-15), series(100))).toEqual({ at: AT, value: 0 });
    expect(ratio(series(-1e-3), series(100))).toMatchObject({ unknown: "impossible" });
  });

  test("is decided by one series of several even where another is impossible", () => {
    const total = labelled({ a: 100, b: 100 });
    expect(ratio(labelled({ a: 500, b: 20 }), total, any)).toEqual({ at: AT, value: 0.2 });
    expect(ratio(labelled({ a: 500, b: 0 }), total, any)).toMatchObject({ unknown: "impossible" });
  });

  test("trap 16: several series on either side are unknown without aggregate", () => {
    expect(ratio(series(1, 2), series(100))).toMatchObject({ unknown: "many-series" });
    expect(ratio(series(1), series(100, 200))).toMatchObject({ unknown: "many-series" });
  });

  test("with aggregate pairs the sides by labels, in any order, and no errors for a pair is 0", () => {
    const total = labelled({ a: 100, b: 100 });
    expect(ratio(labelled({ b: 20 }), total, any)).toEqual({ at: AT, value: 0.2 });
    expect(ratio(labelled({ b: 20 }), total, all)).toEqual({ at: AT, value: 0 });
  });

  test("labels that came in another order are the same labels", () => {
    const errors = [{ labels: { pod: "p", zone: "z" }, value: 20 }];
    const total = [{ labels: { zone: "z", pod: "p" }, value: 100 }];
    expect(ratio(errors, total, all)).toEqual({ at: AT, value: 0.2 });
  });

  test("errors without a total of the same labels leave it open unless another pair decides", () => {
    expect(ratio(labelled({ x: 1 }), labelled({ a: 100 }), any)).toMatchObject({ unknown: "no-data" });
    expect(ratio(labelled({ x: 1, a: 50 }), labelled({ a: 100 }), any)).toMatchObject({ value: 0.5 });
  });

  test("trap 16: two series that only their name tells apart are not joined", () => {
    const twins = [...labelled({ a: 100 }), ...labelled({ a: 50 })];
    expect(ratio(labelled({ a: 1 }), twins, any)).toMatchObject({ unknown: "many-series" });
  });
});

describe("aggregate: each", () => {
  const each: SeriesRule = { aggregate: "each", threshold };
  const said = (sample: Sample) =>
    sample.series?.map(({ name, sample: one }) => [name, "value" in one ? one.value : one.unknown]);

  test("keeps what each series says, and the slot as a whole is that of any", () => {
    const sample = reduceExpr(each, AT, labelled({ b: 0.2, a: 0.01, c: Number.NaN }));
    expect(sample).toMatchObject({ at: AT, value: 0.2 });
    expect(said(sample)).toEqual([
      ['{pod="b"}', 0.2],
      ['{pod="a"}', 0.01],
      ['{pod="c"}', "impossible"],
    ]);
  });

  test("names a single series, too", () => {
    expect(said(reduceExpr(each, AT, labelled({ a: 0.2 })))).toEqual([['{pod="a"}', 0.2]]);
  });

  test("names labels in one order, with quotes around what is no plain name", () => {
    const labels = { zone: 'a"b', app: "x", "http.status": "500" };
    expect(said(reduceExpr(each, AT, [{ labels, value: 1 }]))).toEqual([
      ['{app="x", "http.status"="500", zone="a\\"b"}', 1],
    ]);
  });

  test("is unknown as a whole without a series, and where only names tell series apart", () => {
    expect(reduceExpr(each, AT, [])).toEqual(expect.objectContaining({ unknown: "no-data" }));
    const twins = reduceExpr(each, AT, [...labelled({ a: 1 }), ...labelled({ a: 2 })]);
    expect(twins).toMatchObject({ unknown: "many-series" });
    expect(twins.series).toBeUndefined();
  });

  test("joins the sides of a ratio by labels, and minTotal counts for each series", () => {
    const errors = labelled({ b: 20, x: 1 });
    const sample = reduceRatio(each, AT, {
      errors,
      total: labelled({ a: 100, b: 100, c: 0.5 }),
      minTotal: 1,
      whyNotZero,
    });
    expect(said(sample)).toEqual([
      ['{pod="a"}', 0],
      ['{pod="b"}', 0.2],
      ['{pod="c"}', "low-traffic"],
      ['{pod="x"}', "no-data"],
    ]);
  });
});

describe("what is unknown says which side, and its numbers", () => {
  const ratio = (errors: readonly Reading[], total: readonly Reading[], rule = alone) =>
    reduceRatio(rule, AT, { errors, total, minTotal: 1, whyNotZero });
  const nan = Number.NaN;
  test.each<[detail: RegExp, sample: () => Sample]>([
    [/^the expression returned no series$/, () => reduceExpr(alone, AT, [])],
    [/^the expression is NaN$/, () => reduceExpr(alone, AT, series(nan))],
    [/^the expression is Infinity$/, () => reduceExpr(all, AT, series(1, Number.POSITIVE_INFINITY))],
    [/^the expression returned 2 series/, () => reduceExpr(alone, AT, series(1, 2))],
    [/^total returned no series$/, () => ratio(series(1), [])],
    [/^total returned 2 series/, () => ratio(series(1), series(1, 2))],
    [/^errors returned 2 series/, () => ratio(series(1, 2), series(1))],
    [/^total is Infinity$/, () => ratio(series(1), series(Number.POSITIVE_INFINITY))],
    [/^errors NaN ÷ total 100 is NaN$/, () => ratio(series(nan), series(100))],
    [
      /^errors 19\.98 is 11750 % of total 0\.17, which cannot be: a counter went back/,
      () => reduceRatio(alone, AT, { errors: series(19.98), total: series(0.17), minTotal: 0, whyNotZero }),
    ],
    [/^errors is -5, and a rate cannot be negative$/, () => ratio(series(-5), series(100))],
    [/^total is -5, and a rate cannot be negative$/, () => ratio(series(5), series(-5))],
    [
      /^total is 0$/,
      () => reduceRatio(alone, AT, { errors: series(0), total: series(0), minTotal: 0, whyNotZero }),
    ],
    [/^total 0\.1235 is below minTotal 1$/, () => ratio(series(0.1), series(0.123456))],
    [/^errors without a total for .*x/, () => ratio(labelled({ x: 1 }), labelled({ a: 100 }), any)],
  ])("%s", (detail, sample) => {
    expect(sample()).toMatchObject({ detail: expect.stringMatching(detail) });
  });

  test.each([
    ["errors", [...labelled({ a: 1 }), ...labelled({ a: 2 })], labelled({ a: 100 })],
    ["totals", labelled({ a: 1 }), [...labelled({ a: 100 }), ...labelled({ a: 50 })]],
  ])("trap 16: twins among the %s are told", (_, errors, total) => {
    expect(ratio(errors, total, any)).toMatchObject({
      unknown: "many-series",
      detail: "two series differ only in their metric's name; aggregate them",
    });
  });
});

describe("several series by three-valued logic", () => {
  const value = fc.oneof(
    fc.integer({ min: -5, max: 5 }),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  );
  const rule = fc.record({
    aggregate: fc.constantFrom("any" as const, "all" as const),
    threshold: fc.record({
      op: fc.constantFrom("above" as const, "below" as const),
      value: fc.integer({ min: -3, max: 3 }),
      text: fc.constant(""),
    }),
  });

  /** Tries every value that an unknown series could have had; the verdict stands only if none changes it. */
  function possibleVerdicts({ aggregate, threshold }: SeriesRule, values: readonly number[]): Set<boolean> {
    const verdicts = values.map((each) => {
      if (!Number.isFinite(each)) return [true, false];
      return [threshold.op === "above" ? each > threshold.value : each < threshold.value];
    });
    const worlds = verdicts.reduce<boolean[][]>(
      (sofar, options) => sofar.flatMap((world) => options.map((option) => [...world, option])),
      [[]],
    );
    return new Set(
      worlds.map((world) => (aggregate === "any" ? world.includes(true) : !world.includes(false))),
    );
  }

  test("the verdict is known exactly when no unknown series could change it", () => {
    fc.assert(
      fc.property(rule, fc.array(value, { minLength: 1, maxLength: 6 }), (rule, values) => {
        const sample = reduceExpr(rule, AT, series(...values));
        const { op, value: limit } = rule.threshold;
        const verdicts =
          "value" in sample ? [op === "above" ? sample.value > limit : sample.value < limit] : [true, false];
        expect(possibleVerdicts(rule, values)).toEqual(new Set(verdicts));
        expect("value" in sample ? values.includes(sample.value) : sample.unknown === "impossible").toBe(
          true,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test("the order of the series is nothing", () => {
    fc.assert(
      fc.property(rule, fc.array(value, { minLength: 1, maxLength: 6 }), (rule, values) => {
        const forwards = reduceExpr(rule, AT, series(...values));
        const backwards = reduceExpr(rule, AT, series(...values.toReversed()));
        expect("value" in forwards ? forwards.value : "unknown").toBe(
          "value" in backwards ? backwards.value : "unknown",
        );
      }),
    );
  });
});
