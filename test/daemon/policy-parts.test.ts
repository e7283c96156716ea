import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createFleet } from "../../src/daemon/fleet.ts";
import { createHistory } from "../../src/daemon/history.ts";
import { assemblePolicy } from "../../src/daemon/policy-parts.ts";
import type { RunningPolicy } from "../../src/daemon/run-policy.ts";
import type { RecordBody } from "../../src/log/record.ts";
import { targetKey, type VerifySpec } from "../../src/rules/policy.ts";
import type { Answer } from "../../src/signals/query.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { memoryLog } from "../notifications/memory-log.ts";
import { metricTrigger, MINUTE, policy } from "../support/model.ts";
import { NO_REPORT_SOURCES } from "./no-report-sources.ts";

const INTERVAL = 50;

const guarded = policy({
  intervalMs: INTERVAL,
  target: { kind: "script", namespace: undefined, releaseExpr: undefined },
  guard: "always",
  triggers: [metricTrigger({ forMs: 2 * INTERVAL })],
  rollback: {
    strategy: {
      kind: "script",
      script: { command: ["true"], cwd: undefined, env: {}, timeoutMs: 1_000 },
    },
    timeoutMs: 1_000,
    verify: { probe: undefined, smoke: undefined, recoveryMs: 1_000 },
  },
});

const about = { policy: guarded.name, target: targetKey(guarded), release: "r2", decisionId: "d1" };
const STARTED: RecordBody = {
  type: "rollback.started",
  ...about,
  strategy: "script",
  uid: "u1",
  trigger: "error-rate",
  from: { revision: "2", digest: "v2" },
  to: { revision: "1", digest: "v1" },
};

const silent = <Series>(): Promise<Answer<Series>> =>
  Promise.resolve({ ok: false, reason: "unreachable", detail: "nobody answers", endpoint: "" });

/** A policy whose rollback was applied just before the daemon was started, so that it is being verified. */
async function verifying({ recoveryMs }: Pick<VerifySpec, "recoveryMs">): Promise<{
  readonly running: RunningPolicy;
  readonly ends: () => readonly string[];
}> {
  const log = memoryLog();
  const history = createHistory();
  const record = async (body: RecordBody) => {
    const written = await log.append(body, Date.now());
    history.apply(written);
    return written;
  };
  await record(STARTED);
  await record({ type: "rollback.applied", ...about, detail: "" });
  const { rollback } = guarded;
  const running = assemblePolicy(
    { ...guarded, rollback: { ...rollback, verify: { ...rollback.verify, recoveryMs } } },
    {
      prometheus: { instant: silent, range: silent, clock: silent, close: async () => undefined },
      probe: () => Promise.reject(new Error("nothing is probed here")),
      history,
      record,
      fleet: createFleet(50),
      gates: () => ({ logUnwritable: undefined, notLeader: undefined, frozen: undefined }),
      oneAtATime: (_, run) => run(),
      reportSources: NO_REPORT_SOURCES,
      tellUnlogged: () => undefined,
      metrics: createMetrics("test"),
      logger: pino({ level: "silent" }),
      environment: {},
      secrets: () => [],
      newDecisionId: String,
      argocdNamespace: "argocd",
      running: () => [],
      slotClock: { now: Date.now, isKnown: async () => false, sync: async () => undefined },
      now: Date.now,
    },
    undefined,
  );
  const ends = (): readonly string[] =>
    log.records
      .map(({ type }) => type)
      .filter((type) => ["rollback.verified", "rollback.failed"].includes(type));
  return { running, ends };
}

describe("a policy with a rollback under way", () => {
  it("that is let go of brings it to its end first", async () => {
    const { running, ends } = await verifying({ recoveryMs: 1_000 });
    await running.retire();
    expect(ends()).toHaveLength(1);
  });

  it("that is stopped leaves it open for the next start", async () => {
    const { running, ends } = await verifying({ recoveryMs: MINUTE });
    await running.stop();
    expect(ends()).toEqual([]);
  });
});
