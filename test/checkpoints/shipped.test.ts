import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { look } from "../../src/checkpoints/look.ts";
import { parseRules } from "../../src/rules/load.ts";
import type { Checkpoint } from "../../src/rules/policy.ts";
import { createProbe } from "../../src/signals/probe.ts";
import { createPrometheus, type Prometheus } from "../../src/signals/prometheus.ts";
import { createSampler } from "../../src/signals/sampler.ts";
import { type History, openMetrics } from "../support/exposition.ts";
import { HOUR, MINUTE, SECOND } from "../support/model.ts";
import { type RunningPrometheus, startPrometheus } from "../support/prometheus.ts";

/* What operators get in rules/vcci-api.yaml, against a real Prometheus and a real service. */

const EXAMPLE = join(import.meta.dirname, "../../rules/vcci-api.yaml");
const SERVICE = "http://vcci-api.vcci-production.svc:8000";

/** Two hours in which all is well, with a launch after the first, then a launch that goes wrong. */
const BAD_AT = Math.floor(Date.now() / MINUTE) * MINUTE - 70 * MINUTE;
const GOOD_AT = BAD_AT - HOUR;
const START = GOOD_AT - HOUR;
const EVERY_MS = 30 * SECOND;

type Labels = Readonly<Record<string, string>>;
/** Of a pod: what a metric is at a time, or how fast a counter grows then; undefined: it is not there. */
type At = (isBad: boolean, elapsedHours: number) => number | undefined;

const OF_POD = { namespace: "vcci-production", app: "vcci-api", pod: "a" };

function instants(): readonly number[] {
  return Array.from({ length: (3 * HOUR) / EVERY_MS + 20 }, (_, index) => START + index * EVERY_MS);
}

function gauge(name: string, value: At, labels: Labels = OF_POD): History {
  const points = instants().flatMap((at) => {
    const now = value(at > BAD_AT, (at - START) / HOUR);
    return now === undefined ? [] : [{ at, value: now }];
  });
  return { name, labels, points };
}

function counter(name: string, perSecond: At, labels: Labels = {}): History {
  let total = 0;
  const grown = (isBad: boolean, hours: number): number =>
    (total += ((perSecond(isBad, hours) ?? 0) * EVERY_MS) / SECOND);
  return gauge(name, grown, { ...OF_POD, ...labels });
}

/** Answers up to so many seconds, of a hundred a second when all is well. */
function bucket(le: string, good: number, bad: number): History {
  return counter("http_request_duration_seconds_bucket", (isBad) => (isBad ? bad : good), { le });
}

const HISTORY = openMetrics([
  counter("http_requests_total", (isBad) => (isBad ? 49 : 99.98), { status: "200" }),
  counter("http_requests_total", (isBad) => (isBad ? 1 : 0.02), { status: "500" }),
  bucket("0.25", 98, 30),
  bucket("0.5", 99.9, 40),
  bucket("1", 100, 45),
  bucket("2", 100, 50),
  bucket("+Inf", 100, 50),
  gauge("up", (isBad, hours) => (isBad && hours > 2.8 ? 0 : 1)),
  gauge("circuit_breaker_open", (isBad) => (isBad ? 1 : 0)),
  counter("cache_hits_total", (isBad) => (isBad ? 8 : 9)),
  counter("cache_requests_total", () => 10),
  gauge("db_pool_connections_in_use", (isBad) => (isBad ? 18 : 6)),
  gauge("db_pool_connections_max", () => 20),
  gauge("process_resident_memory_bytes", (isBad, hours) => 1e8 * (isBad ? 1 + (hours - 2) * 0.01 : 1)),
  // A pod that goes down as it is replaced: a slope over minutes is no growth.
  gauge("process_resident_memory_bytes", (_, hours) => (hours > 1 && hours < 1.1 ? 1e8 * hours : undefined), {
    ...OF_POD,
    pod: "old",
  }),
  gauge("ALERTS", (isBad) => (isBad ? 1 : undefined), { alertstate: "firing", severity: "critical" }),
  gauge("ALERTS", () => 1, { alertstate: "firing", severity: "warning" }),
]);

let server: RunningPrometheus;
let prometheus: Prometheus;

beforeAll(async () => {
  server = await startPrometheus({ backfill: HISTORY });
  prometheus = createPrometheus({ urls: [server.url] });
});

afterAll(async () => {
  await prometheus.close();
  await server.stop();
});

function shipped(at: string, serviceUrl = SERVICE): Checkpoint {
  const text = readFileSync(EXAMPLE, "utf8").replaceAll(SERVICE, serviceUrl);
  const checkpoint = parseRules(EXAMPLE, text).policies[0]?.checkpoints.find((each) => each.at === at);
  if (checkpoint === undefined) throw new Error(`no checkpoint at ${at}`);
  return checkpoint;
}

async function found(checkpoint: Checkpoint, startedAt: number): Promise<Readonly<Record<string, string>>> {
  const { checks } = await look(
    checkpoint,
    { dueAt: startedAt + checkpoint.atMs, startedAt },
    {
      sampler: createSampler(prometheus, 15 * SECOND),
      probe: createProbe(Date.now),
      environment: { PATH: process.env["PATH"] },
      secrets: () => [],
    },
    new AbortController().signal,
  );
  return Object.fromEntries(checks.map(({ name, result, detail }) => [name, `${result} ${detail}`]));
}

describe("an hour after a launch every criterion", () => {
  const all = (result: "pass" | "fail"): Readonly<Record<string, unknown>> =>
    Object.fromEntries(shipped("1h").checks.map(({ name }) => [name, expect.stringMatching(`^${result} `)]));

  test("passes where all is well", async () => {
    const checks = await found(shipped("1h"), GOOD_AT);
    expect(checks).toEqual(all("pass"));
    expect(checks["error-rate"]).toMatch(
      /^pass 0\.02\d* %, must be below 0\.1 %; 0\.0\d+ % against 0\.0\d+ % before, may rise by 0\.0005$/,
    );
  });

  test("fails where it is not, with its numbers", async () => {
    const checks = await found(shipped("1h"), BAD_AT);
    expect(checks).toEqual(all("fail"));
    expect(checks["throughput"]).toMatch(
      /^fail (49\.\d+|50|50\.\d+) against (99\.\d+|100) before, may fall by 30 %$/,
    );
    expect(checks["cache-hit-rate"]).toMatch(/^fail 8\d(\.\d+)? %, must be above 85 %$/);
    expect(checks["critical-alerts"]).toBe("fail 1, must be at most 0");
  });
});

/** A service whose four health endpoints answer with this status and body. */
async function service(status: number, body: string): Promise<string> {
  const listening = createServer((_, response) => response.writeHead(status).end(body)).listen(
    0,
    "127.0.0.1",
  );
  onTestFinished(() => void listening.close());
  await new Promise((resolve) => listening.once("listening", resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

describe("at the launch itself", () => {
  test("the four health endpoints, the validation and what is so right now pass where all is well", async () => {
    const url = await service(200, '{"status":"healthy"}');
    const checks = await found(shipped("0s", url), GOOD_AT);
    expect(Object.keys(checks)).toEqual([
      "live",
      "ready",
      "detailed",
      "metrics",
      "validation",
      "circuit-breakers",
      "pool-use",
      "critical-alerts",
    ]);
    for (const check of Object.values(checks)) expect(check).toMatch(/^pass /);
  });

  test("a service that says that it is not well fails the validation alone", async () => {
    const url = await service(200, '{"status":"degraded"}');
    const { validation, ...others } = await found(shipped("0s", url), GOOD_AT);
    expect(validation).toMatch(/^fail .*exited with code 1 .*: status: degraded$/s);
    for (const check of Object.values(others)) expect(check).toMatch(/^pass /);
  });

  test("one that answers nothing but errors fails each of them", async () => {
    const url = await service(503, "no");
    const { live, ready, detailed, metrics, validation } = await found(shipped("0s", url), GOOD_AT);
    for (const check of [live, ready, detailed, metrics, validation]) expect(check).toMatch(/^fail /);
  });
});
