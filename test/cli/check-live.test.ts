import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { check } from "../../src/cli/check.ts";
import { checkLive } from "../../src/cli/check-live.ts";
import type { Io } from "../../src/cli/io.ts";
import { parseRules } from "../../src/rules/load.ts";
import { createPrometheus, type Prometheus } from "../../src/signals/prometheus.ts";
import { rulesWith } from "../rules/written.ts";
import { openMetrics, type Point } from "../support/exposition.ts";
import { startPrometheus, type RunningPrometheus } from "../support/prometheus.ts";

const END = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;

/** Twenty minutes of a counter that is scraped every `everyMs`. */
function scraped(everyMs: number): readonly Point[] {
  return Array.from({ length: Math.ceil(1_200_000 / everyMs) }, (_, index) => ({
    at: END - 1_200_000 + (index + 1) * everyMs,
    value: index,
  }));
}

const bucket = (le: string) => ({ name: "http_seconds_bucket", labels: { le }, points: scraped(15_000) });
const history = openMetrics([
  { name: "requests_total", labels: { pod: "p" }, points: scraped(15_000) },
  { name: "requests_total", labels: { pod: "q" }, points: scraped(15_000) },
  { name: "slow_total", points: scraped(60_000) },
  bucket("0.5"),
  bucket("2.5"),
  bucket("+Inf"),
]);

let server: RunningPrometheus;
let prometheus: Prometheus;

beforeAll(async () => {
  server = await startPrometheus({ backfill: history });
  prometheus = createPrometheus({ urls: [server.url] });
});

afterAll(async () => {
  await prometheus.close();
  await server.stop();
});

async function findings(trigger: string): Promise<readonly string[]> {
  const reading = parseRules("rules.yaml", rulesWith({ trigger: `${trigger}\nfor: 5m` }));
  expect(reading.problems).toEqual([]);
  const { problems, unanswered } = await checkLive([reading], { query: prometheus.instant, at: END });
  expect(unanswered).toBeUndefined();
  return problems.map(({ line, column, severity, rule }) => `${line}:${column} ${severity} ${rule}`);
}

const quantile = "expr: histogram_quantile(0.95, sum by (le) (rate(http_seconds_bucket[1m])))";

describe("compared with live series", () => {
  test.each([
    ["a sum of what is there", "expr: sum(rate(requests_total[1m]))\nabove: 5", []],
    [
      "a ratio whose errors are absent",
      "ratio: {errors: \"sum(requests_total{pod='x'})\", total: sum(requests_total)}\nabove: 5%",
      [],
    ],
    [
      "trap 16: two series and no `aggregate`",
      "expr: rate(requests_total[1m])\nabove: 5",
      ["7:15 error many-series"],
    ],
    ["two series that are declared", "expr: rate(requests_total[1m])\naggregate: any\nabove: 5", []],
    [
      "a metric that does not exist",
      "expr: sum(rate(request_total[1m]))\nabove: 5",
      ["7:24 warning no-data"],
    ],
    ["labels that match nothing", "expr: sum(requests_total{pod='x'})\nabove: 5", ["7:15 warning no-data"]],
    [
      "a ratio of errors that are never exported",
      "ratio: {errors: sum(error_total), total: sum(requests_total)}\nabove: 5%",
      ["7:29 warning no-data"],
    ],
    [
      "trap 14: a threshold at the top finite bucket",
      `${quantile}\nabove: 2500ms`,
      ["8:16 error threshold-unreachable"],
    ],
    [
      "trap 14: a threshold over the top finite bucket",
      `${quantile}\nabove: 3s`,
      ["8:16 error threshold-unreachable"],
    ],
    ["a threshold below the top finite bucket", `${quantile}\nabove: 2000ms`, []],
    ["a scaled quantile, whose threshold is scaled too", `${quantile} * 1000\nabove: 2000`, []],
    ["a range of one scrape", "expr: sum(rate(slow_total[1m]))\nabove: 5", ["7:24 warning range-too-short"]],
    ["a range of two scrapes", "expr: sum(rate(slow_total[2m]))\nabove: 5", []],
    [
      "a veto that has no result, as most of the time",
      "expr: sum(requests_total)\nabove: 5\nunless: slow_total < 0",
      [],
    ],
    [
      "a veto about a metric that does not exist",
      "expr: sum(requests_total)\nabove: 5\nunless: db_down == 1",
      ["9:17 warning no-data"],
    ],
    [
      "a veto that the server refuses",
      "expr: sum(requests_total)\nabove: 5\nunless: slow_total{pod=~'('}",
      ["9:17 error promql"],
    ],
    [
      "what the server alone can refuse",
      "expr: sum(requests_total{pod=~'('})\nabove: 5",
      ["7:15 error promql"],
    ],
  ])("%s", async (_, trigger, expected) => {
    expect(await findings(trigger)).toEqual(expected);
  });

  test.each([
    ["what is there", 'expr: "sum(rate(requests_total[$span]))"', []],
    ["a metric that nobody exports", 'expr: "sum(rate(breakers_open[$span]))"', ["5:21 warning no-data"]],
    ["labels that match nothing", "expr: \"sum(requests_total{pod='x'})\"", ["5:21 warning no-data"]],
    ["two series", 'expr: "rate(requests_total[$span])"', ["5:21 error many-series"]],
    ["what the server alone can refuse", "expr: \"sum(requests_total{pod=~'('})\"", ["5:21 error promql"]],
    [
      "a share of nothing",
      "ratio: {errors: sum(hits_total), total: sum(asked_total)}",
      ["5:55 warning no-data"],
    ],
    [
      "a share of which nothing was counted",
      "ratio: {errors: sum(hits_total), total: sum(requests_total)}",
      [],
    ],
  ])("a check after a launch: %s, once for all that share it", async (_, check, expected) => {
    const policy = [
      "target: {namespace: shop, deployments: [api]}",
      "checkpoints: [{at: 10m, checks: &list [{name: a, must: {below: 1},",
      `          ${check}`,
      "    }]}, {at: 15m, checks: *list}]",
    ].join("\n");
    const reading = parseRules(
      "rules.yaml",
      rulesWith({ policy, trigger: "expr: sum(requests_total)\nabove: 5\nfor: 5m" }),
    );
    expect(reading.problems).toEqual([]);
    const { problems } = await checkLive([reading], { query: prometheus.instant, at: END });
    expect(
      problems.map(({ line, column, severity, rule }) => `${line}:${column} ${severity} ${rule}`),
    ).toEqual(expected);
  });

  test("an interval is what lies between samples, not between the queries that look", async () => {
    const trigger = "expr: sum(rate(slow_total[1m]))\nabove: 5\nfor: 5m";
    const reading = parseRules("rules.yaml", rulesWith({ trigger }));
    const { problems } = await checkLive([reading], { query: prometheus.instant, at: END });
    expect(problems[0]?.message).toContain("60 s apart and the range is 60 s");
  });

  test("a Prometheus that cannot be reached is exit 2, and says that nothing was compared", async () => {
    const nobody = createPrometheus({ urls: ["http://127.0.0.1:9"], timeoutMs: 2000 });
    const out: string[] = [];
    const err: string[] = [];
    const io: Io = {
      out: (text) => void out.push(text),
      err: (text) => void err.push(text),
      columns: 80,
      color: false,
      isTty: false,
      now: () => END,
    };
    const rules = join(import.meta.dirname, "../../rules");
    expect(await check([rules], { format: "text", prometheus: nobody.instant }, io)).toBe(2);
    expect(out).toEqual(["1 policy with 4 triggers: no problems."]);
    expect(err.join()).toContain("http://127.0.0.1:9");
    expect(err.join()).toContain("not compared with live series");
    await nobody.close();
  });
});
