import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { createFleet } from "../../src/daemon/fleet.ts";
import { createHistory } from "../../src/daemon/history.ts";
import { assemblePolicy } from "../../src/daemon/policy-parts.ts";
import { createTellRelease } from "../../src/daemon/tell-release.ts";
import type { RecordBody } from "../../src/log/record.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { type MemoryLog, memoryLog } from "../notifications/memory-log.ts";
import { eventually } from "../support/eventually.ts";
import { metricTrigger, policy } from "../support/model.ts";
import { NO_REPORT_SOURCES } from "./no-report-sources.ts";

const INTERVAL = 250;
const BY = "token:deploy";

function scripted(changes: Partial<Policy> = {}, command: readonly [string] = ["true"]): Policy {
  const script = { command, cwd: undefined, env: {}, timeoutMs: 30_000 } as const;
  return policy({
    intervalMs: INTERVAL,
    target: { kind: "script", namespace: undefined, releaseExpr: undefined },
    triggers: [metricTrigger({ forMs: INTERVAL, rangeMs: 0, maxGapMs: INTERVAL })],
    rollback: {
      strategy: { kind: "script", script },
      timeoutMs: 30_000,
      verify: { probe: undefined, smoke: undefined, recoveryMs: 30_000 },
    },
    ...changes,
  });
}

/** A log in which the rules have been in force for long. */
async function loaded({ name, hash, triggers }: Policy = scripted()): Promise<MemoryLog> {
  const log = memoryLog();
  const meanings = Object.fromEntries(triggers.map((trigger) => [trigger.name, trigger.hash]));
  const policies = [{ policy: name, hash, triggers: meanings }];
  await log.append({ type: "rules.loaded", policies }, Date.now() - 3_600_000);
  return log;
}

/** A policy that runs on what the log says; its trigger breaches from `from` until `until`. */
function start(log: MemoryLog, guarded = scripted()) {
  const history = createHistory();
  log.records.forEach(history.apply);
  const state = { from: Number.POSITIVE_INFINITY, until: Number.POSITIVE_INFINITY };
  const record = async (body: RecordBody) => {
    const written = await log.append(body, Date.now());
    history.apply(written);
    return written;
  };
  const isBad = (at: number) => at >= state.from && at < state.until;
  /** Every sample is as new as it can be. */
  const value = (expr: string, at: number) => {
    return { at, value: expr.startsWith("max(timestamp(") ? at / 1000 : isBad(at) ? 0.2 : 0.01 };
  };
  const endpoint = "http://prometheus";
  const shared = {
    prometheus: {
      instant: async (expr: string, at: number) =>
        ({ ok: true, endpoint, series: [{ labels: {}, ...value(expr, at) }] }) as const,
      range: async (expr: string, { from, to, stepMs }: { from: number; to: number; stepMs: number }) => {
        const points = Array.from({ length: (to - from) / stepMs + 1 }, (__, index) =>
          value(expr, from + index * stepMs),
        );
        return { ok: true, endpoint, series: [{ labels: {}, points }] } as const;
      },
      clock: async () => ({ ok: true, endpoint, series: [] }) as const,
      close: async () => undefined,
    },
    probe: async () => ({ ok: false, fault: "target", detail: "" }) as never,
    history,
    record,
    fleet: createFleet(50),
    gates: () => ({ logUnwritable: undefined, notLeader: undefined, frozen: undefined }),
    oneAtATime: <T>(_: string, run: () => Promise<T>) => run(),
    reportSources: NO_REPORT_SOURCES,
    tellUnlogged: () => undefined,
    metrics: createMetrics("test"),
    logger: pino({ level: "silent" }),
    environment: process.env,
    secrets: () => [],
    newDecisionId: (at: number) => `d-${at}`,
    argocdNamespace: "argocd",
    running: () => [],
    slotClock: { now: Date.now, isKnown: async () => true } as never,
    now: Date.now,
  };
  const running = assemblePolicy(guarded, shared, undefined);
  onTestFinished(running.stop);
  const tell = createTellRelease({ ...shared, running: () => [running] });
  return { running, tell, state, history, stop: running.stop };
}

const types = (log: MemoryLog): readonly string[] => log.records.map(({ type }) => type);

it("a deploy script tells of its releases, and a bad one is rolled back to the one told before", async () => {
  const log = await loaded();
  const first = start(log);
  expect(await first.tell("vcci-api", { version: "v1", note: "by job 7" }, BY)).toEqual({
    ok: true,
    release: "script/vcci-api@v1",
  });
  expect(log.records.slice(1)).toMatchObject([
    { type: "release.observed", revision: "v1", by: BY, note: "by job 7", told: true, cause: "deploy" },
    { type: "release.ready" },
  ]);
  await first.stop();
  const { running, tell, state } = start(log);
  await eventually("a healthy slot of v1", () => expect(running.carried().at).toBeDefined());
  await tell("vcci-api", { version: "v2" }, BY);
  expect(types(log)).toContain("release.superseded");
  state.from = Date.now();
  await eventually("the rollback is applied", () => expect(types(log)).toContain("rollback.applied"));
  state.until = Date.now();
  await eventually("it is verified", () => expect(types(log)).toContain("rollback.verified"));
  const started = log.records.find(({ type }) => type === "rollback.started");
  expect(started).toMatchObject({ from: { revision: "v2" }, to: { revision: "v1" } });
  const restored = log.records.findLast(({ type }) => type === "release.observed");
  expect(restored).toMatchObject({ revision: "v1", cause: "rollback", told: true });
  expect(restored).not.toHaveProperty("by");
});

it("what was told survives a restart; told again it is the same release and no record", async () => {
  const log = await loaded();
  const first = start(log);
  await first.tell("vcci-api", { version: "v1" }, BY);
  await first.stop();
  const known = log.records.length;
  const again = start(log);
  expect(again.running.watch.current()).toMatchObject({
    snapshot: { release: { id: "script/vcci-api@v1" } },
  });
  expect(await again.tell("vcci-api", { version: "v1" }, BY)).toMatchObject({
    ok: true,
    release: "script/vcci-api@v1",
  });
  expect(log.records.slice(known).filter(({ type }) => type.startsWith("release."))).toEqual([]);
});

it("a script that failed has put nothing back as far as anybody knows: what was told last runs still", async () => {
  const guarded = scripted({}, ["false"]);
  const log = await loaded(guarded);
  const first = start(log, guarded);
  await first.tell("vcci-api", { version: "v1" }, BY);
  await first.stop();
  const { running, tell, state } = start(log, guarded);
  await eventually("a healthy slot of v1", () => expect(running.carried().at).toBeDefined());
  await tell("vcci-api", { version: "v2" }, BY);
  state.from = Date.now();
  await eventually("the rollback fails", () => expect(types(log)).toContain("rollback.failed"));
  await eventually("it fires still", () =>
    expect(log.records.findLast(({ type }) => type === "decision.made")).toMatchObject({
      reason: "cooldown",
    }),
  );
  expect(running.watch.current()).toMatchObject({ snapshot: { release: { revision: { name: "v2" } } } });
});

it.each([
  ["a policy that is not there", "nobody", scripted(), { kind: "not-found" }],
  [
    "one whose query tells",
    "vcci-api",
    scripted({
      target: { kind: "script", namespace: undefined, releaseExpr: "app_info" },
      intervalMs: 60_000,
    }),
    { kind: "refused", reason: "not-told", detail: expect.stringContaining("release.expr") as string },
  ],
])("%s is refused by name, and nothing is recorded", async (_, name, guarded, refusal) => {
  const log = await loaded(guarded);
  const { tell } = start(log, guarded);
  expect(await tell(name, { version: "v1" }, BY)).toMatchObject({ ok: false, ...refusal });
  expect(types(log)).not.toContain("release.ready");
});
