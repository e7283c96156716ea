import { describe, expect, test } from "vitest";
import { agingSelectors, countedSelector } from "../../src/rules/promql-selectors.ts";

const MINUTE = 60_000;

describe("selectors whose age decides whether a result is about now", () => {
  test.each([
    ["a selector", "load", ["max(timestamp(load))"]],
    ["both sides of an operation", 'a{b="c"} / on (x) d', ['max(timestamp(a{b="c"}))', "max(timestamp(d))"]],
    ["both sides of unless", "a unless b", ["max(timestamp(a))", "max(timestamp(b))"]],
    ["one that stands twice, once", "a / (a + 1)", ["max(timestamp(a))"]],
    ["one within functions and aggregations", "abs(topk(3, -a)) > 5", ["max(timestamp(a))"]],
    ["one beside a range", "rate(a[5m]) / b", ["max(timestamp(b))"]],
    ["none with a range", "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m])))", []],
    ["the left side of or", "a or b", ["max(timestamp(a))"]],
    ["the leftmost of several or", "(a or b) or c", ["max(timestamp(a))"]],
    ["none with @", "a @ 5", []],
    ["the one without @ beside it", "a / b @ 5", ["max(timestamp(a))"]],
    ["none whose age is measured", "time() - timestamp((a))", []],
    ["none in a literal", "vector(1)", []],
  ])("are %s", (_, expr, newest) => {
    expect(agingSelectors(expr).map((selector) => selector.newest)).toEqual(newest);
  });

  test.each([
    ["an offset", "a offset 5m", "max(timestamp(a offset 300000ms))", 5 * MINUTE],
    [
      "an offset that belongs to the last operand alone",
      "1 + a offset 5m",
      "max(timestamp(a offset 300000ms))",
      5 * MINUTE,
    ],
    ["a subquery", "max_over_time(a[10m:15s])", "max(timestamp(a))", 10 * MINUTE],
    [
      "a subquery with an offset",
      "max_over_time((a > 5)[10m:15s] offset 1m)",
      "max(timestamp(a offset 60000ms))",
      11 * MINUTE,
    ],
    [
      "nested subqueries",
      "avg_over_time(max_over_time(a[1m:5s])[10m:15s])",
      "max(timestamp(a))",
      11 * MINUTE,
    ],
  ])("may be as old as the expression means them to be: %s", (_, expr, newest, meantMs) => {
    expect(agingSelectors(expr)).toMatchObject([{ text: "a", newest, meantMs }]);
  });

  test("keep their own offset where the parser gives it to the whole operation", () => {
    expect(agingSelectors("a / b offset 5m").map(({ meantMs }) => meantMs)).toEqual([0, 5 * MINUTE]);
  });
});

describe("the one selector that an expression counts", () => {
  test.each([
    ["alone", 'a{code=~"5.."}', 'a{code!=""}'],
    ["under rate and sum", 'sum by (app) (rate(a{code=~"5.."}[5m] offset 1m))', 'a{code!=""}'],
    ["under increase", 'increase(a{code="500"}[5m])', 'a{code!=""}'],
    ["under irate", 'max(irate(a{code="500"}[5m]))', 'a{code!=""}'],
    ["under several aggregations and parentheses", 'topk(1, (sum by (x) ((a{code="500"}))))', 'a{code!=""}'],
    ["with its name as a matcher", '{__name__="a",code="500"}', '{__name__="a",code!=""}'],
    ["with a quoted name and label", '{"my.metric","my label"="x"}', '{"my.metric","my label"!=""}'],
  ])("is found %s", (_, expr, kin) => {
    expect(countedSelector(expr)?.kin).toBe(kin);
  });

  test.each([
    "sum(rate(a[1m])) - sum(rate(b[1m]))",
    "sum(rate(a[1m])) + sum(rate(b[1m]))",
    "sum(rate(a[1m])) or vector(0)",
    "sum(rate(a[1m])) * 100",
    "sum(rate(a[1m])) > 0",
    "rate(sum(a)[1m:1s])",
    "delta(a[5m])",
    "sum(avg_over_time(a[5m]))",
    "abs(a)",
    "-a",
    "a @ 5",
    "vector(0)",
  ])("is not there in %s", (expr) => {
    expect(countedSelector(expr)).toBeUndefined();
  });

  test.each([
    ['="x"', true],
    ['=""', false],
    ['!=""', true],
    ['!="x"', false],
    ['=~"5.."', true],
    ['=~".*"', false],
    ['=~".+"', true],
    ['=~"|5.."', false],
    ['=~"(?i)error|"', false],
    ['=~"\\\\d+"', true],
    ['!~"2.."', false],
    ['!~".*"', true],
    ["=~`5..`", true],
    ['=~"[[:digit:]"', true],
  ])("asks for the label of a matcher %s: %s", (matcher, needed) => {
    expect(countedSelector(`a{code${matcher}}`)?.labels).toEqual(needed ? ["code"] : []);
  });

  test("asks for a label once, and for it when any of its matchers does", () => {
    expect(countedSelector('a{code!="503",code=~"5..",app=~".*"}')?.kin).toBe('a{code!=""}');
  });
});
