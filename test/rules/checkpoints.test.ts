import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadRules } from "../../src/rules/load.ts";
import type { Check } from "../../src/rules/policy.ts";
import { messagesIn, policyIn, problemsIn, rulesWith } from "./written.ts";

const TARGET = "target: {namespace: shop, deployments: [api]}";
const HOUR = 3_600_000;

/** The checkpoints begin at 4:5. */
function withCheckpoints(written: string): string {
  return rulesWith({ policy: `${TARGET}\ncheckpoints: ${written}` });
}

const one = (check: string, at = "1h"): string =>
  withCheckpoints(`[{at: ${at}, checks: [{name: a, ${check}}]}]`);

describe("a mistake in a checkpoint is told with its line and column", () => {
  test.each([
    ["nothing that must hold", one("expr: x"), ["4:37 error missing-key"]],
    ["two looks", one("expr: x, alerts: {severity: critical}"), ["4:37 error wrong-value"]],
    ["no look", one("must: {below: 1}"), ["4:37 error wrong-value"]],
    ["two criteria", one("expr: x, must: {below: 1, above: 0}"), ["4:62 error wrong-value"]],
    [
      "a number that must hold where there is none",
      one("alerts: {severity: critical}, must: {below: 1}"),
      ["4:77 error misplaced-key"],
    ],
    ["a duration for a share", one("ratio: {errors: a, total: b}, must: {below: 5m}"), ["4:91 error units"]],
    [
      "milliseconds meant, seconds said",
      one("expr: latency_seconds, must: {below: 500}"),
      ["4:84 error units"],
    ],
    [
      "a duration that a share may rise by",
      one("ratio: {errors: a, total: b}, versusBefore: {mayRise: 5m}"),
      ["4:101 error units"],
    ],
    ["a span of no time", one('expr: "rate(x[$span])", must: {below: 1}', "0s"), ["4:53 error window"]],
    ["a query that is none", one('expr: "rate(x[5m]", must: {below: 1}'), ["4:63 error promql"]],
    ["a time after the release is let go of", one("probe: {url: http://a/}", "25h"), ["4:24 error window"]],
    [
      "the same time twice",
      withCheckpoints(
        "[{at: 1h, checks: [{name: a, alerts: {a: b}}]}, {at: 60m, checks: [{name: a, alerts: {a: b}}]}]",
      ),
      ["4:71 error duplicate-name"],
    ],
    [
      "two checks of one name",
      withCheckpoints("[{at: 1h, checks: [{name: a, alerts: {a: b}}, {name: a, alerts: {a: c}}]}]"),
      ["4:71 error duplicate-name"],
    ],
    ["no checks", withCheckpoints("[{at: 1h, checks: []}]"), ["4:36 error wrong-value"]],
  ])("%s", (_, text, expected) => {
    expect({ problems: problemsIn(text), messages: messagesIn(text) }).toMatchObject({ problems: expected });
  });
});

describe("what a checkpoint means", () => {
  test("they come in the order of time, and `$span` is the time since the launch", () => {
    const { checkpoints } = policyIn(
      withCheckpoints(
        '[{at: 4h, checks: &list [{name: a, expr: "rate(x[$span])", must: {atMost: 10%}, versusBefore: {mayFall: 20%}}]}, {at: 1h, checks: *list}]',
      ),
    );
    expect(checkpoints).toMatchObject([
      { at: "1h", atMs: HOUR, checks: [{ query: { expr: "rate(x[1h])" } }] },
      {
        at: "4h",
        atMs: 4 * HOUR,
        checks: [
          {
            kind: "metric",
            query: { expr: "rate(x[4h])" },
            must: { is: "atMost", value: 0.1, text: "10%" },
            versus: { may: "fall", of: "share", by: 0.2, text: "20%" },
          },
        ],
      },
    ]);
  });

  test("no alert that fires is zero, as long as Prometheus answers", () => {
    const [checkpoint] = policyIn(one('alerts: {severity: critical, team: "a\\"b"}')).checkpoints;
    expect(checkpoint?.checks[0]).toMatchObject({
      query: { expr: 'count(ALERTS{alertstate="firing",severity="critical",team="a\\"b"}) or vector(0)' },
      must: { is: "atMost", value: 0 },
    });
  });

  test("is part of what the policy means, and of no trigger", () => {
    const [before, after] = ["1%", "2%"].map((limit) => policyIn(one(`expr: x, must: {below: ${limit}}`)));
    expect(before?.hash).not.toBe(after?.hash);
    expect(before?.triggers[0]?.hash).toBe(after?.triggers[0]?.hash);
  });
});

test("the example that is shipped looks at every criterion of a launch for seven days", async () => {
  const { policies } = await loadRules(join(import.meta.dirname, "../../rules/vcci-api.yaml"));
  const checkpoints = policies[0]?.checkpoints ?? [];
  expect(checkpoints.map(({ at }) => at)).toEqual(["0s", "1h", "4h", "24h", "7d"]);
  expect(checkpoints[0]?.checks.map(({ name }) => name)).toEqual([
    "live",
    "ready",
    "detailed",
    "metrics",
    "validation",
    "circuit-breakers",
    "pool-use",
    "critical-alerts",
  ]);
  for (const { checks } of checkpoints.slice(1)) {
    expect(Object.fromEntries(checks.map((check) => [check.name, limitsOf(check)]))).toEqual({
      availability: "atLeast 99.9%, fall 0.0005",
      throughput: "fall 30%",
      "error-rate": "below 0.1%, rise 0.0005",
      "p95-latency": "below 500ms, rise 20%",
      "p99-latency": "below 1s, rise 20%",
      "circuit-breakers": "atMost 0",
      "cache-hit-rate": "above 85%",
      "pool-use": "below 80%",
      "memory-growth": "below 10%",
      "critical-alerts": "atMost 0",
    });
  }
});

function limitsOf(check: Check): string {
  if (check.kind !== "metric") return check.kind;
  const { must, versus } = check;
  return [must && `${must.is} ${must.text}`, versus && `${versus.may} ${versus.text}`]
    .filter((limit) => limit !== undefined)
    .join(", ");
}
