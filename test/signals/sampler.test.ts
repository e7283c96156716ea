import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { Answer, InstantQuery, InstantSeries, RangeSeries } from "../../src/signals/query.ts";
import { createSampler, type Measurable } from "../../src/signals/sampler.ts";

const AT = 1_700_000_000_000;
const INTERVAL = 15_000;
const threshold = { op: "above", value: 0.05, text: "5%" } as const;
const expr: Measurable = {
  query: { kind: "expr", expr: "avg_over_time(load[1m])" },
  threshold,
  aggregate: undefined,
};
const ratio: Measurable = {
  query: { kind: "ratio", errors: "rate(errors[1m])", total: "rate(total[1m])", minTotal: 1 },
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
  const sampler = createSampler({ instant: () => Promise.resolve(down), range: unasked }, INTERVAL);
  await expect(sampler.sampleAt(expr, AT)).resolves.toEqual({
    samples: [{ at: AT, unknown: "unreachable", detail: "connection refused" }],
    endpoint: "a",
  });
});

test("either side of a ratio that fails makes every slot unknown for that reason", async () => {
  const range = (asked: string): Promise<Answer<RangeSeries>> =>
    Promise.resolve(asked === "rate(errors[1m])" ? down : { ok: true, series: [], endpoint: "a" });
  const { samples } = await createSampler({ instant: unasked, range }, INTERVAL).sampleRange(ratio, grid);
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
  const { samples } = await createSampler({ instant: unasked, range }, INTERVAL).sampleRange(expr, grid);
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
    const measured = await createSampler({ instant, range: unasked }, INTERVAL).sampleAt(ratio, AT);
    expect(measured).toEqual({ samples: [{ at: AT, value: 0.2 }], endpoint: "b" });
  });

  test("if they still differ nothing is known", async () => {
    const instant: InstantQuery = (asked) => Promise.resolve(value(5, asked));
    const { samples } = await createSampler({ instant, range: unasked }, INTERVAL).sampleAt(ratio, AT);
    expect(samples).toMatchObject([{ unknown: "query-failed" }]);
  });
});

describe("an empty errors", () => {
  /** What is asked and what it gives; everything else gives nothing. */
  const withAnswers = (answers: Readonly<Record<string, number>>, asked: string[] = []) => {
    const at = (expr: string) => (asked.push(expr), answers[expr]);
    return createSampler(
      {
        instant: async (expr) => {
          const found = at(expr);
          return found === undefined ? { ok: true, endpoint: "a", series: [] } : value(found);
        },
        range: async (expr, { to }) => {
          const found = at(expr);
          const points = found === undefined ? [] : [{ at: to, value: found }];
          return { ok: true, endpoint: "a", series: [{ labels: {}, points }] };
        },
      },
      INTERVAL,
    );
  };
  const of = (errors: string): Measurable => ({
    query: { kind: "ratio", errors, total: "sum(rate(r[1m]))", minTotal: 1 },
    threshold,
    aggregate: undefined,
  });
  const total = { "sum(rate(r[1m]))": 100 };
  const errors = 'sum(rate(r{app="a",code=~"5.."}[1m]))';
  const kin = 'count(count_over_time(r{app!="",code!=""}[15000ms]))';

  test("is 0 where a series of the metric has the labels, whatever their values", async () => {
    const sampler = withAnswers({ ...total, [kin]: 3 });
    expect((await sampler.sampleAt(of(errors), AT)).samples).toEqual([{ at: AT, value: 0 }]);
    expect((await sampler.sampleRange(of(errors), { ...grid, to: AT })).samples).toEqual([
      { at: AT, value: 0 },
    ]);
  });

  test("is unknown where no series has the labels, and says what to write", async () => {
    const { samples } = await withAnswers(total).sampleAt(of(errors), AT);
    expect(samples).toEqual([
      {
        at: AT,
        unknown: "no-such-series",
        detail:
          "errors returned no series, and in the hour before there was no series of r with the labels app, code; if the counter appears with its first error, append `or vector(0)` to errors",
      },
    ]);
  });

  test("is unknown for every other shape, without asking for series", async () => {
    const asked: string[] = [];
    for (const shape of [
      'sum(rate(r[1m])) - sum(rate(r{code=~"2.."}[1m]))',
      "sum(rate(r[1m])) > 5",
      "sum(delta(r[1m]))",
      "sum(rate(a[1m])) + sum(rate(b[1m]))",
    ]) {
      const { samples } = await withAnswers(total, asked).sampleAt(of(shape), AT);
      expect(samples, shape).toMatchObject([
        { unknown: "no-such-series", detail: expect.stringContaining("append `or vector(0)` to errors") },
      ]);
    }
    expect(asked.filter((expr) => expr.startsWith("count("))).toEqual([]);
  });

  test("asks for series only while there is traffic and no error", async () => {
    const asked: string[] = [];
    await withAnswers({ ...total, [errors]: 5 }, asked).sampleAt(of(errors), AT);
    await withAnswers({}, asked).sampleAt(of(errors), AT);
    expect(asked).not.toContain(kin);
  });
});

describe("the age of what is read", () => {
  const load: Measurable = { query: { kind: "expr", expr: "load" }, threshold, aggregate: undefined };
  const age = "max(timestamp(load))";

  test("makes every series unknown with aggregate: each, also beside one that is no number", async () => {
    const series = [1, Number.NaN].map((each, pod) => ({ labels: { pod: `${pod}` }, at: AT, value: each }));
    const old = { labels: {}, points: [{ at: AT, value: (AT - 130_000) / 1000 }] };
    const sampler = createSampler(
      {
        instant: async () => ({ ok: true, endpoint: "a", series }),
        range: async () => ({ ok: true, endpoint: "a", series: [old] }),
      },
      INTERVAL,
    );
    for (const aggregate of ["each", "any"] as const) {
      const { samples } = await sampler.sampleAt({ ...load, aggregate }, AT);
      expect(samples).toEqual([{ at: AT, unknown: "stale", detail: expect.any(String) as string }]);
    }
  });

  test("trap 13: that is a partial answer, as of Thanos without one of its stores, leaves the value unknown", async () => {
    const partial = {
      ok: false,
      reason: "partial-response",
      detail: "a store is gone",
      endpoint: "a",
    } as const;
    const sampler = createSampler({ instant: async () => value(1), range: async () => partial }, INTERVAL);
    expect((await sampler.sampleAt(load, AT)).samples).toEqual([
      { at: AT, unknown: "partial-response", detail: "age of load: a store is gone" },
    ]);
  });

  test("that cannot be asked leaves the value unknown for the reason that it could not", async () => {
    const range = async (): Promise<Answer<RangeSeries>> => down;
    const { samples } = await createSampler({ instant: async () => value(1), range }, INTERVAL).sampleAt(
      load,
      AT,
    );
    expect(samples).toEqual([{ at: AT, unknown: "unreachable", detail: "age of load: connection refused" }]);
  });

  test("trap 12: comes from the endpoint that gave the value, else both are asked again", async () => {
    let failedOver = false;
    const range = async (expr: string): Promise<Answer<RangeSeries>> => {
      const endpoint = failedOver ? "b" : "a";
      failedOver = true;
      expect(expr).toBe(age);
      return { ok: true, endpoint, series: [{ labels: {}, points: [{ at: AT, value: AT / 1000 }] }] };
    };
    const measured = await createSampler({ instant: async () => value(1, "b"), range }, INTERVAL).sampleAt(
      load,
      AT,
    );
    expect(measured).toEqual({ samples: [{ at: AT, value: 1 }], endpoint: "b" });
  });

  test("is asked on both sides of a ratio, once for the same selector", async () => {
    const asked: string[] = [];
    const range = async (expr: string): Promise<Answer<RangeSeries>> => {
      asked.push(expr);
      return { ok: true, endpoint: "a", series: [{ labels: {}, points: [] }] };
    };
    const query = { kind: "ratio", errors: "e / load", total: "t / load", minTotal: 0 } as const;
    const trigger = { query, threshold, aggregate: undefined };
    await createSampler({ instant: async () => value(1), range }, INTERVAL).sampleAt(trigger, AT);
    expect(asked.toSorted()).toEqual(["max(timestamp(e))", age, "max(timestamp(t))"].toSorted());
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
        Object.entries(asked === "rate(total[1m])" ? b : a).map(([pod, values]) => ({
          labels: { pod },
          points: values.flatMap((each, index) =>
            each === null ? [] : [{ at: instants[index] ?? 0, value: each }],
          ),
        }));
      const sampler = createSampler(
        {
          instant: (asked, at) => {
            const series = pointsOf(asked).flatMap(({ labels, points }) =>
              points.filter((point) => point.at === at).map((point) => ({ labels, at, value: point.value })),
            );
            return Promise.resolve({ ok: true, endpoint: "a", series });
          },
          range: (asked) => Promise.resolve({ ok: true, endpoint: "a", series: pointsOf(asked) }),
        },
        INTERVAL,
      );
      const trigger = { ...kind, aggregate };
      const live = await Promise.all(instants.map((at) => sampler.sampleAt(trigger, at)));
      const history = await sampler.sampleRange(trigger, grid);
      expect(history.samples).toEqual(live.flatMap(({ samples }) => samples));
    }),
  );
});
