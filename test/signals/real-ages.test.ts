import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { metricStatus } from "../../src/engine/metric-status.ts";
import { loadRules } from "../../src/rules/load.ts";
import type { MetricTrigger } from "../../src/rules/policy.ts";
import { createPrometheus, type Prometheus } from "../../src/signals/prometheus.ts";
import { createSampler, type Measurable } from "../../src/signals/sampler.ts";
import type { Sample } from "../../src/signals/sample.ts";
import { eventually } from "../support/eventually.ts";
import { type History, openMetrics } from "../support/exposition.ts";
import { metricTrigger } from "../support/model.ts";
import { type RunningPrometheus, startPrometheus } from "../support/prometheus.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const INTERVAL = 15 * SECOND;
/** A slot of every interval used here, with an hour of history and more before it. */
const END = Math.floor(Date.now() / MINUTE) * MINUTE - 10 * MINUTE;
const START = END - 90 * MINUTE;

/** Samples every `everyMs` from START until `until`, off the slots by a second. */
function scraped(
  name: string,
  labels: Readonly<Record<string, string>>,
  everyMs: number,
  valueAt: (at: number) => number,
  until = END,
): History {
  const count = Math.floor((until - START - SECOND) / everyMs) + 1;
  const points = Array.from({ length: count }, (_, index) => {
    const at = START + SECOND + index * everyMs;
    return { at, value: valueAt(at) };
  });
  return { name, labels, points };
}

const seconds = (at: number): number => (at - START) / SECOND;

const VCCI = { namespace: "vcci-production", app: "vcci-api" };

const HISTORIES: readonly History[] = [
  // Written once, by a job that ended.
  { name: "pushed_failures", points: [{ at: END - 20 * MINUTE, value: 1 }] },
  // Written every 15 s by an exporter that died, without a staleness marker.
  scraped("exporter_failures", {}, 15 * SECOND, () => 1, END - 20 * MINUTE),
  scraped("slow_scrape", {}, 60 * SECOND, () => 1),
  scraped("rule:errors:ratio", {}, 5 * MINUTE, () => 1),
  scraped("reference", {}, 15 * SECOND, () => 1),
  // A counter that steps back by 5 once.
  scraped("steps_total", { code: "500" }, SECOND, (at) => 1000 - (at > END - 5 * MINUTE ? 5 : 0)),
  scraped("steps_total", { code: "200" }, SECOND, (at) => seconds(at) * 0.85),
  // All the answers are 503 in the end: the series of the good ones is gone.
  scraped("failing_total", { code: "503" }, 15 * SECOND, seconds),
  scraped("failing_total", { code: "200" }, 15 * SECOND, seconds, END - 30 * MINUTE),
  // No answer of it was ever an error.
  scraped("http_requests_total", { ...VCCI, status: "200" }, 15 * SECOND, (at) => 10 * seconds(at)),
  // A label that the rule misspells.
  scraped("coded_total", { code: "200" }, 15 * SECOND, (at) => 10 * seconds(at)),
  // Errors ended long ago, and so did their series.
  scraped("rare_total", { kind: "all" }, 15 * SECOND, (at) => 10 * seconds(at)),
  scraped("rare_errors_total", { kind: "io" }, 15 * SECOND, () => 1, START + 10 * MINUTE),
];

let server: RunningPrometheus;
let prometheus: Prometheus;

beforeAll(async () => {
  server = await startPrometheus({ backfill: openMetrics(HISTORIES) });
  prometheus = createPrometheus({ urls: [server.url] });
});

afterAll(async () => {
  await prometheus.close();
  await server.stop();
});

const threshold = { op: "above", value: 0.05, text: "5%" } as const;
const expr = (text: string, more: Partial<Measurable> = {}): Measurable => ({
  query: { kind: "expr", expr: text },
  threshold,
  aggregate: undefined,
  ...more,
});
const ratio = (errors: string, total: string, minTotal = 0): Measurable => ({
  ...expr(""),
  query: { kind: "ratio", errors, total, minTotal },
});

/** Live, slot by slot, by one sampler; and from history, by another: the same. */
async function slots(
  trigger: Measurable,
  from: number,
  to: number,
  stepMs = INTERVAL,
): Promise<readonly Sample[]> {
  const { samples } = await createSampler(prometheus, stepMs).sampleRange(trigger, { from, to, stepMs });
  const live: Sample[] = [];
  const sampler = createSampler(prometheus, stepMs);
  for (const { at } of samples) live.push(...(await sampler.sampleAt(trigger, at)).samples);
  expect(live).toEqual(samples);
  return samples;
}

const said = (samples: readonly Sample[]): string =>
  samples
    .map((sample) => ("value" in sample ? (sample.value > 0.05 ? "!" : ".") : sample.unknown[0]))
    .join("");

describe("a value that only the lookback of Prometheus keeps alive", () => {
  const from = END - 20 * MINUTE;

  test("is stale after two minutes when it was pushed once, and fires nothing", async () => {
    const samples = await slots(expr("pushed_failures"), from, from + 5 * MINUTE);
    expect(samples).toHaveLength(21);
    expect(said(samples)).toBe(`${"!".repeat(9)}${"s".repeat(12)}`);
    const trigger: MetricTrigger = metricTrigger({ threshold, forMs: 5 * MINUTE });
    expect(metricStatus(trigger, INTERVAL, samples).state).toBe("unknown");
    expect(samples.at(-1)).toMatchObject({
      detail: expect.stringMatching(
        /^the newest sample of pushed_failures is 5 min old, and maxSampleAge is 2 min/,
      ),
    });
  });

  test("is stale after two intervals when its exporter died", async () => {
    const samples = await slots(expr("exporter_failures"), from - MINUTE, from + 4 * MINUTE);
    expect(said(samples)).toMatch(/^!{4,7}s+$/);
  });

  test("is stale wherever the selector stands, and is filled in by or", async () => {
    const at = from + 4 * MINUTE;
    const one = async (trigger: Measurable) => said(await slots(trigger, at, at));
    await expect(one(expr("sum(exporter_failures) / sum(reference)"))).resolves.toBe("s");
    await expect(one(ratio("sum(exporter_failures)", "sum(reference)"))).resolves.toBe("s");
    await expect(one(ratio("sum(reference)", "sum(exporter_failures)"))).resolves.toBe("s");
    await expect(one(expr("reference or exporter_failures"))).resolves.toBe("!");
    await expect(one(expr("reference unless nothing_matches"))).resolves.toBe("!");
    await expect(one(expr("max_over_time(exporter_failures[10m])"))).resolves.toBe("!");
    await expect(one(expr("max_over_time(exporter_failures[4m:15s])"))).resolves.toBe("!");
    await expect(one(expr("exporter_failures", { maxSampleAgeMs: 5 * MINUTE }))).resolves.toBe("!");
    await expect(one(expr("exporter_failures offset 10m"))).resolves.toBe("!");
    await expect(one(expr("exporter_failures offset 2m"))).resolves.toBe("s");
  });
});

describe("a selector with a slow rhythm is not stale", () => {
  test.each([
    ["a scrape every 60 s under an interval of 15 s", "slow_scrape"],
    ["a recording rule every 5 min", "rule:errors:ratio"],
    ["a count of series", "count(slow_scrape)"],
    ["its age as the thing that is measured", "time() - timestamp(slow_scrape)"],
  ])("for %s", async (_, text) => {
    const samples = await slots(expr(text), END - 20 * MINUTE, END - 6 * MINUTE);
    expect(said(samples)).toBe("!".repeat(57));
  });
});

test("trap 17: with a queryOffset the slots are those of a replay", async () => {
  const samples = await slots(expr("slow_scrape"), END - MINUTE - 5 * MINUTE, END - MINUTE);
  expect(said(samples)).toBe("!".repeat(21));
});

describe("a counter that steps back once under a short range", () => {
  const errors = 'sum(rate(steps_total{code="500"}[10s]))';
  const total = 'sum(rate(steps_total{code="200"}[10s]))';

  test("gives ratios that are impossible or fill no window", async () => {
    const back = END - 5 * MINUTE;
    const samples = await slots(ratio(errors, total), back - 4000, back + 20_000, SECOND);
    expect(said(samples)).toMatch(/^\.+i{8,10}\.+$/);
    expect(samples.find((sample) => "unknown" in sample)).toMatchObject({
      detail: expect.stringMatching(/^errors \d+\.?\d* is \d{4,} % of total 0\.85, which cannot be/),
    });
    const trigger = metricTrigger({ threshold, forMs: 4 * SECOND });
    const firing = samples.filter(
      (_, index) =>
        metricStatus(trigger, SECOND, samples.slice(Math.max(0, index - 4), index + 1)).state === "firing",
    );
    expect(firing).toEqual([]);
  });
});

describe("an empty errors", () => {
  const at = END - 5 * MINUTE;
  const one = async (trigger: Measurable, when = at) => (await slots(trigger, when, when)).at(0);

  test("is unknown for a subtraction when no good answer is left, which is total failure", async () => {
    const all = "sum(rate(failing_total[1m]))";
    await expect(
      one(ratio(`${all} - sum(rate(failing_total{code=~"2.."}[1m]))`, all)),
    ).resolves.toMatchObject({ unknown: "no-such-series" });
  });

  test("is 0 for the mission's own rule while no request has failed yet", async () => {
    const { policies } = await loadRules(`${import.meta.dirname}/../../rules/vcci-api.yaml`);
    const trigger = policies[0]?.triggers.find(({ name }) => name === "error-rate");
    if (trigger?.kind !== "metric") throw new Error("no error-rate in the shipped rules");
    await expect(one(trigger)).resolves.toEqual({ at, value: 0 });
  });

  test("is unknown where the metric has no such label", async () => {
    await expect(
      one(ratio('sum(rate(coded_total{status=~"5.."}[1m]))', "sum(rate(coded_total[1m]))")),
    ).resolves.toMatchObject({
      unknown: "no-such-series",
      detail: expect.stringContaining("no series of coded_total with the label status"),
    });
  });

  test("is 0 for an hour after its last series, then unknown", async () => {
    const rule = ratio('sum(rate(rare_errors_total{kind="io"}[1m]))', "sum(rate(rare_total[1m]))");
    const gone = START + 10 * MINUTE;
    await expect(one(rule, gone + 58 * MINUTE)).resolves.toEqual({ at: gone + 58 * MINUTE, value: 0 });
    await expect(one(rule, gone + HOUR + MINUTE)).resolves.toMatchObject({ unknown: "no-such-series" });
    const withZero = ratio(
      'sum(rate(rare_errors_total{kind="io"}[1m])) or vector(0)',
      "sum(rate(rare_total[1m]))",
    );
    await expect(one(withZero, gone + HOUR + MINUTE)).resolves.toMatchObject({ value: 0 });
  });
});

describe("a target that is scraped", () => {
  test("is stale when it goes on telling an old instant, and has no data once it is gone", async () => {
    const frozenAt = Date.now();
    const exporter = createServer((_, response) => response.end(`told_failures 1 ${frozenAt}\nother 1\n`));
    exporter.listen(0, "127.0.0.1");
    await once(exporter, "listening");
    const { port } = exporter.address() as AddressInfo;
    const scraping = await startPrometheus({ scrape: [{ name: "told", targets: [`127.0.0.1:${port}`] }] });
    const client = createPrometheus({ urls: [scraping.url] });
    const now = async (trigger: Measurable) => {
      const at = Math.floor(Date.now() / SECOND) * SECOND;
      const [sample] = (await createSampler(client, SECOND).sampleAt(trigger, at)).samples;
      return sample && "unknown" in sample ? sample.unknown : sample?.value;
    };
    try {
      const told = expr("told_failures", { maxSampleAgeMs: 2 * SECOND });
      await eventually("old", async () => expect(await now(told)).toBe("stale"), { withinMs: 60_000 });
      const other = expr("other", { maxSampleAgeMs: MINUTE });
      await eventually("new", async () => expect(await now(other)).toBe(1), { withinMs: 60_000 });
      exporter.closeAllConnections();
      exporter.close();
      // Prometheus marks what a target no longer says, and keeps what had an instant of its own.
      await eventually("gone", async () => expect(await now(other)).toBe("no-data"), {
        withinMs: 60_000,
      });
      expect(await now(told)).toBe("stale");
    } finally {
      exporter.close();
      await client.close();
      await scraping.stop();
    }
  });
});
