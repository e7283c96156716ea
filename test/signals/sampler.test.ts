import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { Answer, InstantQuery, InstantSeries, RangeSeries } from "../../src/signals/query.ts";
import { createSampler, type Measurable } from "../../src/signals/sampler.ts";

const AT = 1_700_000_000_000;
const threshold = { op: "above", value: 0.05, text: "5%" } as const;
const expr: Measurable = { query: { kind: "expr", expr: "load" }, threshold, aggregate: undefined };
const ratio: Measurable = {
  query: { kind: "ratio", errors: "errors", total: "total", minTotal: 1 },
  threshold,
  aggregate: undefined,
};
const grid = { from: AT, to: AT + 30_000, stepMs: 15_000 };
const down: Answer<never> = { ok: false, reason: "unreachable", detail: "connection refused", endpoint: "a" };
const value = (number: number, endpoint = "a"): Answer<InstantSeries> => ({
  ok: true,
  endpoint,
  series: [{ labels: {}, at: AT, value: number }],
});
const unasked = (): Promise<never> => Promise.reject(new Error("not to be asked"));

test("a failed answer makes the sample unknown for its reason", async () => {
  const sampler = createSampler({ instant: () => Promise.resolve(down), range: unasked });
  await expect(sampler.sampleAt(expr, AT)).resolves.toEqual({
    samples: [{ at: AT, unknown: "unreachable", detail: "connection refused" }],
    endpoint: "a",
  });
});

test("either side of a ratio that fails makes every slot unknown for that reason", async () => {
  const range = (asked: string): Promise<Answer<RangeSeries>> =>
    Promise.resolve(asked === "errors" ? down : { ok: true, series: [], endpoint: "a" });
  const { samples } = await createSampler({ instant: unasked, range }).sampleRange(ratio, grid);
  expect(samples).toMatchObject([0, 15_000, 30_000].map((ms) => ({ at: AT + ms, unknown: "unreachable" })));
  expect(samples[0]).toMatchObject({ detail: "errors: connection refused" });
});

test("a slot without a point is no data; points between slots belong to none", async () => {
  const points = [
    { at: AT, value: 1 },
    { at: AT + 7000, value: 2 },
    { at: AT + 30_000, value: 3 },
  ];
  const range = (): Promise<Answer<RangeSeries>> =>
    Promise.resolve({ ok: true, series: [{ labels: {}, points }], endpoint: "a" });
  const { samples } = await createSampler({ instant: unasked, range }).sampleRange(expr, grid);
  expect(samples).toMatchObject([
    { at: AT, value: 1 },
    { at: AT + 15_000, unknown: "no-data" },
    { at: AT + 30_000, value: 3 },
  ]);
});

describe("trap 12: the sides of a ratio come from one endpoint", () => {
  test("a fail-over between them has both asked again", async () => {
    const instant = vi
      .fn<InstantQuery>()
      .mockResolvedValueOnce(value(5, "a"))
      .mockResolvedValueOnce(value(100, "b"))
      .mockResolvedValueOnce(value(20, "b"))
      .mockResolvedValueOnce(value(100, "b"));
    const measured = await createSampler({ instant, range: unasked }).sampleAt(ratio, AT);
    expect(measured).toEqual({ samples: [{ at: AT, value: 0.2 }], endpoint: "b" });
  });

  test("if they still differ nothing is known", async () => {
    const instant: InstantQuery = (asked) => Promise.resolve(value(5, asked));
    const { samples } = await createSampler({ instant, range: unasked }).sampleAt(ratio, AT);
    expect(samples).toMatchObject([{ unknown: "query-failed" }]);
  });
});

test("live and from history, the same data gives the same samples", async () => {
  const number = fc.oneof(
    fc.integer({ min: 0, max: 9 }),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
  );
  const instants = [AT, AT + 15_000, AT + 30_000];
  /** Per series: its value at each instant, or nothing there. */
  const table = fc.dictionary(
    fc.constantFrom("p", "q", "r"),
    fc.tuple(fc.option(number), fc.option(number), fc.option(number)),
  );
  const aggregate = fc.constantFrom("any" as const, "all" as const, undefined);
  await fc.assert(
    fc.asyncProperty(table, table, aggregate, fc.constantFrom(expr, ratio), async (a, b, aggregate, kind) => {
      const pointsOf = (asked: string) =>
        Object.entries(asked === "total" ? b : a).map(([pod, values]) => ({
          labels: { pod },
          points: values.flatMap((each, index) =>
            each === null ? [] : [{ at: instants[index] ?? 0, value: each }],
          ),
        }));
      const sampler = createSampler({
        instant: (asked, at) => {
          const series = pointsOf(asked).flatMap(({ labels, points }) =>
            points.filter((point) => point.at === at).map((point) => ({ labels, at, value: point.value })),
          );
          return Promise.resolve({ ok: true, endpoint: "a", series });
        },
        range: (asked) => Promise.resolve({ ok: true, endpoint: "a", series: pointsOf(asked) }),
      });
      const trigger = { ...kind, aggregate };
      const live = await Promise.all(instants.map((at) => sampler.sampleAt(trigger, at)));
      const history = await sampler.sampleRange(trigger, grid);
      expect(history.samples).toEqual(live.flatMap(({ samples }) => samples));
    }),
  );
});
