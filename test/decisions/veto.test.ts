import { expect, test } from "vitest";
import { foremost, vetoOf } from "../../src/decisions/veto.ts";

const EXPR = 'up{job="db"} == 0';
const endpoint = "http://prometheus:9090";
const said = (...values: readonly number[]) =>
  vetoOf(EXPR, {
    ok: true,
    endpoint,
    series: values.map((value, index) => ({ labels: { instance: `db-${index}` }, at: 0, value })),
  });

test.each([
  ["nothing", []],
  ["0", [0]],
  ["several times 0", [0, 0, -0]],
])("a result of %s vetoes nothing", (_, values) => {
  expect(said(...values)).toBeUndefined();
});

test.each([
  ["1", [1], 1],
  ["a negative number", [-1], -1],
  ["an infinity", [Number.POSITIVE_INFINITY], Number.POSITIVE_INFINITY],
  ["one of several", [0, 3], 3],
  ["one beside a NaN", [Number.NaN, 2], 2],
])("a result of %s vetoes, with its value", (_, values, value) => {
  expect(said(...values)).toMatchObject({ expr: EXPR, value });
});

test("a veto says its expression, its value and whose it is", () => {
  expect(said(0, 1)?.detail).toBe(`its unless is 1 now: ${EXPR} (for instance="db-1")`);
});

test("a result that is no number and an answer that is none leave it open, which is no permission", () => {
  expect(said(0, Number.NaN)).toEqual({
    expr: EXPR,
    detail: `whether its unless vetoes this is not known, for its result is NaN: ${EXPR}`,
  });
  const partial = { ok: false, reason: "partial-response", detail: "store-1 is away", endpoint } as const;
  const veto = vetoOf(EXPR, partial);
  expect(veto).not.toHaveProperty("value");
  expect(veto?.detail).toContain("partial-response: store-1 is away");
});

test("of several, one that is in force goes before one that is only not excluded", () => {
  const [open, force] = [said(Number.NaN), said(1)].flatMap((veto) => veto ?? []);
  expect(foremost([open, force].flatMap((veto) => veto ?? []))).toBe(force);
  expect(foremost([])).toBeUndefined();
});
