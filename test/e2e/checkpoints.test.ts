import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readLog } from "../../src/log/reader.ts";
import type { CheckpointRecord, LogRecord, RecordBody } from "../../src/log/record.ts";
import { openLog } from "../../src/log/writer.ts";
import { type Daemon, rollbackd, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { openMetrics } from "../support/exposition.ts";
import { HOUR, MINUTE, SECOND } from "../support/model.ts";
import { startPrometheus } from "../support/prometheus.ts";
import { startSlackReceiver, type Receiver } from "../support/receivers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const WITHIN = { withinMs: 60_000 };

type Report = CheckpointRecord & LogRecord;

/** rollbackd with rules, a data folder, a Prometheus and a Slack; a target that needs no cluster. */
async function stage(prometheusUrl: string, checkpoints: readonly object[]) {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  const slack = await startSlackReceiver();
  onTestFinished(slack.close);
  mkdirSync(join(path, "rules"));
  writeFileSync(join(path, "rules", "shop.yaml"), JSON.stringify({ policies: [{ ...POLICY, checkpoints }] }));
  const data = join(path, "data");
  const start = async (): Promise<Daemon> => {
    const daemon = await startDaemon({
      ROLLBACKD_RULES: join(path, "rules"),
      ROLLBACKD_DATA_DIR: data,
      ROLLBACKD_PROMETHEUS_URL: prometheusUrl,
      ROLLBACKD_SLACK_WEBHOOK_URL: slack.url,
      HOME: path,
    });
    onTestFinished(daemon.kill);
    return daemon;
  };
  return { data, slack, start };
}

const POLICY = {
  name: "shop",
  interval: "1s",
  target: { script: true, release: { expr: "count by (version) (app_build_info)" } },
  triggers: [{ name: "errors", expr: "vector(0)", above: 1, for: "2s" }],
  rollback: { strategy: "script", script: { command: ["true"] } },
  notify: ["slack"],
};

async function reportsIn(data: string): Promise<readonly Report[]> {
  const reports: Report[] = [];
  for await (const record of readLog(join(data, "decisions"))) {
    if (record.type === "checkpoint.passed" || record.type === "checkpoint.failed") reports.push(record);
  }
  return reports;
}

/** All that Slack was told, each message in one text. */
function told({ accepted }: Receiver): readonly string[] {
  return accepted.map(({ text }) => text);
}

async function shownByApi({ url }: Daemon): Promise<unknown> {
  return (await fetch(`${url}/api/v1/policies/shop`)).json();
}

/** A service that can be replaced by its next version: metrics, and a health endpoint. */
async function service() {
  let version = "v1";
  const server = createServer((request, response) => {
    const isMetrics = request.url === "/metrics";
    response
      .writeHead(200, { "content-type": "text/plain; version=0.0.4" })
      .end(isMetrics ? `app_build_info{version="${version}"} 1\nlatency_seconds 0.3\n` : "ok");
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { host, release: (next: string) => (version = next) };
}

test("how a release does reaches Slack, the log, the API and `log show`, at its times", async () => {
  const { host, release } = await service();
  const prometheus = await startPrometheus({ scrape: [{ name: "shop", targets: [host] }] });
  onTestFinished(() => prometheus.stop());
  const { data, slack, start } = await stage(prometheus.url, [
    {
      at: "0s",
      checks: [
        { name: "ready", probe: { url: `http://${host}/health/ready` } },
        { name: "validate", command: { command: ["sh", "-c", "echo all 12 flows work"] } },
      ],
    },
    {
      at: "5s",
      checks: [
        {
          name: "latency",
          expr: "avg_over_time(latency_seconds[$span])",
          must: { below: "250ms" },
          versusBefore: { mayRise: "50ms" },
        },
        { name: "breakers", expr: "sum(circuit_breaker_open)", must: { atMost: 0 } },
        { name: "alerts", alerts: { severity: "critical" } },
      ],
    },
  ]);
  const daemon = await start();
  await eventually(
    "v1 is known",
    async () => expect(await shownByApi(daemon)).toMatchObject({ release: { revision: "v1" } }),
    WITHIN,
  );
  release("v2");
  const [launched, later] = await eventually(
    "both reports are in the log and told",
    async () => {
      const reports = (await reportsIn(data)).filter((each) => each.release === "script/shop@v2");
      expect(reports).toHaveLength(2);
      expect(told(slack).filter((text) => text.includes("script/shop@v2"))).toHaveLength(2);
      return reports;
    },
    WITHIN,
  );
  expect(launched).toMatchObject({
    type: "checkpoint.passed",
    checkpoint: "0s",
    checks: [{ result: "pass" }, { result: "pass" }],
  });
  expect(later).toMatchObject({
    type: "checkpoint.failed",
    checkpoint: "5s",
    last: true,
    checks: [
      {
        name: "latency",
        result: "fail",
        value: 0.3,
        before: 0.3,
        must: "below 250ms, rise by at most 50ms against before",
      },
      { name: "breakers", result: "unknown", detail: expect.stringContaining("no-data") },
      { name: "alerts", result: "pass", value: 0 },
    ],
  });
  expect(later).not.toHaveProperty("late");
  const [first = "", second = ""] = told(slack).filter((text) => text.includes("script/shop@v2"));
  expect(first).toContain("script/shop@v2, 0s after its launch: every check passed");
  expect(second).toContain("script/shop@v2, 5s after its launch: 1 of 3 checks failed, 1 unknown");
  expect(second).toContain(
    "fail: latency: 300 ms, must be below 250 ms; 300 ms against 300 ms before, may rise by 50 ms",
  );

  expect(await shownByApi(daemon)).toMatchObject({
    release: { id: "script/shop@v2" },
    checkpoints: [
      { checkpoint: "0s", result: "passed", record: launched?.seq },
      { checkpoint: "5s", result: "failed", record: later?.seq, checks: later?.checks },
    ],
  });
  const shown = await rollbackd({ args: ["log", "show", String(later?.seq), "--data", data], env: {} });
  expect(shown).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^checkpoint\.failed\n.*fail: latency: 300 ms/s),
  });
  expect(await daemon.stop()).toBe(0);
});

/** The log of a daemon that saw v2 come, made its first report, and ended. */
async function followedUntil(data: string, launchedAt: number): Promise<void> {
  const instant = (at: number): string => new Date(at).toISOString();
  const of = { policy: "shop", target: "script/shop" };
  const observed = (version: string, at: number): RecordBody => ({
    type: "release.observed",
    ...of,
    release: `script/shop@${version}`,
    revision: version,
    digest: version,
    startedAt: instant(at),
    cause: "deploy",
    quarantined: false,
  });
  const log = await openLog(join(data, "decisions"));
  await log.append(
    {
      type: "rules.loaded",
      policies: [{ policy: "shop", hash: "h", triggers: {}, checkpoints: [MINUTE, HOUR] }],
    },
    launchedAt - 30 * MINUTE,
  );
  await log.append(observed("v1", launchedAt - 20 * MINUTE), launchedAt - 20 * MINUTE);
  await log.append(observed("v2", launchedAt), launchedAt);
  await log.append(
    {
      type: "checkpoint.passed",
      ...of,
      release: "script/shop@v2",
      checkpoint: "1m",
      afterMs: MINUTE,
      dueAt: instant(launchedAt + MINUTE),
      checks: [],
      last: false,
    },
    launchedAt + MINUTE,
  );
  await log.append({ type: "daemon.stopped", cause: "SIGTERM" }, launchedAt + 2 * MINUTE);
  await log.close();
}

test("a daemon that was not there at the time makes the report when it is back, of that time, and says how late it is", async () => {
  const now = Math.floor(Date.now() / SECOND) * SECOND;
  const launchedAt = now - 70 * MINUTE;
  const over = (from: number, to: number, value: number) =>
    Array.from({ length: (to - from) / (15 * SECOND) }, (_, index) => ({
      at: from + index * 15 * SECOND,
      value,
    }));
  const prometheus = await startPrometheus({
    lookbackMs: MINUTE,
    backfill: openMetrics([
      {
        name: "app_build_info",
        labels: { version: "v1" },
        points: over(now - 3 * HOUR, launchedAt - MINUTE, 1),
      },
      { name: "app_build_info", labels: { version: "v2" }, points: over(launchedAt, now + 10 * MINUTE, 1) },
      // By now it is slow; it was not an hour after the launch.
      {
        name: "latency_seconds",
        points: [
          ...over(now - 3 * HOUR, now - 5 * MINUTE, 0.2),
          ...over(now - 5 * MINUTE, now + 10 * MINUTE, 0.9),
        ],
      },
    ]),
  });
  onTestFinished(() => prometheus.stop());
  const { data, slack, start } = await stage(prometheus.url, [
    { at: "1m", checks: [{ name: "latency", expr: "latency_seconds", must: { below: "250ms" } }] },
    {
      at: "1h",
      checks: [
        {
          name: "latency",
          expr: "max_over_time(latency_seconds[$span])",
          must: { below: "250ms" },
          versusBefore: { mayRise: "20%" },
        },
      ],
    },
  ]);
  await followedUntil(data, launchedAt);
  const daemon = await start();
  const message = await eventually(
    "the report is told",
    () => {
      const text = told(slack).find((each) => each.includes("1h after its launch"));
      if (text === undefined) throw new Error("nothing is told");
      return text;
    },
    WITHIN,
  );
  expect(message).toContain("script/shop@v2, 1h after its launch: every check passed");
  expect(message).toMatch(
    /made 1\d min( \d+ s)? late; values are those of its time, probes and commands those of now/,
  );
  expect((await reportsIn(data)).slice(1)).toMatchObject([
    {
      type: "checkpoint.passed",
      checkpoint: "1h",
      dueAt: new Date(launchedAt + HOUR).toISOString(),
      late: true,
      checks: [{ name: "latency", result: "pass", value: 0.2, before: 0.2 }],
    },
  ]);
  expect(await shownByApi(daemon)).toMatchObject({
    checkpoints: [
      { checkpoint: "1m", late: false },
      { checkpoint: "1h", late: true },
    ],
  });
  expect(await daemon.stop()).toBe(0);
});
