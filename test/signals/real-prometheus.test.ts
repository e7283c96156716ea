import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPrometheus, type Prometheus } from "../../src/signals/prometheus.ts";
import { createSampler, type Measurable, type Sampler } from "../../src/signals/sampler.ts";
import { openMetrics, type Point } from "../support/exposition.ts";
import { type RunningPrometheus, startPrometheus } from "../support/prometheus.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Long enough ago to lie within the history, and a slot of every interval used here. */
const END = Math.floor(Date.now() / MINUTE) * MINUTE - 10 * MINUTE;
const START = END - 20 * MINUTE;

/** Scraped every 5 s, not quite at the slots, with two minutes missing in the middle. */
function scraped(valueAt: (elapsedSeconds: number) => number): readonly Point[] {
  const points = Array.from({ length: 240 }, (_, index) => index * 5 * SECOND + 1234);
  return points
    .filter((ms) => ms < 9 * MINUTE || ms > 11 * MINUTE)
    .map((ms) => ({ at: START + ms, value: valueAt(Math.floor(ms / SECOND)) }));
}

const history = openMetrics([
  { name: "requests_total", labels: { app: "a", code: "200" }, points: scraped((s) => s * 95) },
  { name: "requests_total", labels: { app: "a", code: "500" }, points: scraped((s) => s * 5) },
  { name: "requests_total", labels: { app: "spotless", code: "200" }, points: scraped((s) => s * 50) },
  { name: "requests_total", labels: { app: "idle", code: "200" }, points: scraped(() => 7) },
  { name: "load", labels: { pod: "p" }, points: scraped((s) => Math.sin(s / 60)) },
  { name: "load", labels: { pod: "q" }, points: scraped((s) => Math.cos(s / 60)) },
]);

const threshold = { op: "above", value: 0.05, text: "5%" } as const;
const expr = (text: string, aggregate?: "any" | "all"): Measurable => ({
  query: { kind: "expr", expr: text },
  threshold,
  aggregate,
});
const ratio = (app: string, minTotal = 1): Measurable => ({
  query: {
    kind: "ratio",
    errors: `sum(rate(requests_total{app="${app}",code=~"5.."}[1m]))`,
    total: `sum(rate(requests_total{app="${app}"}[1m]))`,
    minTotal,
  },
  threshold,
  aggregate: undefined,
});

let server: RunningPrometheus;
let prometheus: Prometheus;
let sampler: Sampler;

beforeAll(async () => {
  server = await startPrometheus({ backfill: history, lookbackMs: 30 * SECOND });
  prometheus = createPrometheus({ urls: [server.url] });
  sampler = createSampler(prometheus, 15 * SECOND);
});

afterAll(async () => {
  await prometheus.close();
  await server.stop();
});

describe("at one instant", () => {
  const AT = START + 5 * MINUTE;
  const only = async (trigger: Measurable, at = AT) => (await sampler.sampleAt(trigger, at)).samples[0];

  test("a ratio is errors ÷ total", async () => {
    const sample = await only(ratio("a"));
    expect(sample).toMatchObject({ at: AT });
    expect(sample && "value" in sample && sample.value).toBeCloseTo(0.05, 10);
  });

  test("trap 5: no error series with traffic is 0; nothing at all is no data; too little is low traffic", async () => {
    await expect(only(ratio("spotless"))).resolves.toEqual({ at: AT, value: 0 });
    await expect(only(ratio("absent"))).resolves.toMatchObject({ unknown: "no-data" });
    await expect(only(ratio("spotless", 51))).resolves.toMatchObject({ unknown: "low-traffic" });
    await expect(only(ratio("idle", 0))).resolves.toMatchObject({ unknown: "low-traffic" });
  });

  test("trap 4: 0/0 and 1/0 are not numbers", async () => {
    const idle = 'sum(rate(requests_total{app="idle"}[1m]))';
    await expect(only(expr(`${idle} / ${idle}`))).resolves.toMatchObject({ unknown: "impossible" });
    await expect(only(expr(`1 / ${idle}`))).resolves.toMatchObject({ unknown: "impossible" });
  });

  test("trap 16: two series are unknown, or as the rule says", async () => {
    await expect(only(expr("load"))).resolves.toMatchObject({ unknown: "many-series" });
    await expect(only(expr("load", "any"))).resolves.toMatchObject({ value: expect.any(Number) });
  });

  test("trap 4: nothing within the lookback is no data", async () => {
    await expect(only(expr("sum(load)"), START + 10 * MINUTE)).resolves.toMatchObject({ unknown: "no-data" });
  });

  test("a scalar is a value", async () => {
    await expect(only(expr("scalar(sum(up) or vector(3))"))).resolves.toEqual({ at: AT, value: 3 });
  });

  test.each([
    ["a parse error", "sum(", /parse error/],
    ["series that cannot be matched", "load * on() load", /duplicate series/],
    ["a range of values", "load[5m]", /matrix/],
    ["a text", '"hello"', /string/],
  ])("trap 13: %s is for the author of the rule", async (_what, query, detail) => {
    await expect(only(expr(query))).resolves.toMatchObject({
      unknown: "query-rejected",
      detail: expect.stringMatching(detail),
    });
  });
});

describe("trap 17: history says what was said live", () => {
  const grid = { from: START - MINUTE, to: END + MINUTE, stepMs: 15 * SECOND };
  test.each([
    ["a ratio", ratio("a")],
    ["a ratio without errors", ratio("spotless")],
    ["a ratio without traffic", ratio("idle")],
    ["an expression", expr('load{pod="p"}')],
    ["any of several", expr("load", "any")],
    ["all of several", expr("load", "all")],
    ["several that should be one", expr("load")],
    ["a subquery", expr('max_over_time(rate(requests_total{app="a",code="500"}[1m])[3m:15s])')],
    ["a scalar", expr("scalar(load{pod='q'}) / 2")],
  ])("%s", async (_what, trigger) => {
    const { samples } = await sampler.sampleRange(trigger, grid);
    const live = await Promise.all(samples.map(({ at }) => sampler.sampleAt(trigger, at)));
    expect(samples).toHaveLength(89);
    expect(samples.map(({ at }) => at)).toEqual(
      Array.from({ length: 89 }, (_, index) => grid.from + index * grid.stepMs),
    );
    expect(samples).toEqual(live.flatMap((measured) => measured.samples));
  });

  test("a window with a hole has values around it and no data within", async () => {
    const { samples } = await sampler.sampleRange(ratio("a"), grid);
    const at = (ms: number) => samples.find((sample) => sample.at === START + ms);
    expect(at(8 * MINUTE)).toHaveProperty("value");
    expect(at(10.5 * MINUTE)).toMatchObject({ unknown: "no-data" });
    expect(at(13 * MINUTE)).toHaveProperty("value");
  });
});

test("a range above 11,000 points, which the server would refuse, has them all", async () => {
  const grid = { from: START, to: START + 11_500 * 100, stepMs: 100 };
  const { samples } = await sampler.sampleRange(expr("vector(time())"), grid);
  expect(samples).toHaveLength(11_501);
  expect(samples.every((sample) => "value" in sample && sample.value === sample.at / 1000)).toBe(true);
});
