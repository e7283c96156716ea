import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { createFleet } from "../../src/daemon/fleet.ts";
import { createHistory } from "../../src/daemon/history.ts";
import { runPolicy } from "../../src/daemon/run-policy.ts";
import { targetKey } from "../../src/rules/policy.ts";
import { NO_REPORTS } from "../../src/signals/image-report.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { memoryLog } from "../notifications/memory-log.ts";
import { eventually } from "../support/eventually.ts";
import { metricTrigger, policy } from "../support/model.ts";
import { breaching, fakePrometheus } from "./fake-prometheus.ts";
import { fakeTarget } from "./fake-target.ts";

const quick = policy({ intervalMs: 10, triggers: [metricTrigger({ forMs: 20 })] });

/** The policy on the real clock, breaching, of a release that may be rolled back. */
function start() {
  const prometheus = fakePrometheus();
  prometheus.put("errors:ratio", breaching(Date.now() + 200));
  const target = fakeTarget(targetKey(quick), { digest: "v1", at: Date.now() - 86_400_000 });
  target.ship("v2", Date.now());
  const history = createHistory();
  const log = memoryLog();
  const passes = runPolicy(quick, {
    history,
    record: async (body) => {
      const record = await log.append(body, Date.now() - 60_000);
      history.apply(record);
      return record;
    },
    instant: prometheus.instant,
    sampler: prometheus,
    watch: target.watch,
    probeResults: () => [],
    checkpoints: { look: () => undefined },
    sharing: () => [],
    reports: () => NO_REPORTS,
    now: Date.now,
    slotClock: { now: Date.now, isKnown: async () => true },
    gates: () => ({ logUnwritable: undefined, notLeader: undefined, frozen: undefined }),
    massBreach: () => undefined,
    member: createFleet(0).join(quick.name, targetKey(quick), "quiet"),
    begin: async () => true,
    oneAtATime: (_, run) => run(),
    tellUnlogged: () => undefined,
    newDecisionId: String,
    markStanding: async () => undefined,
    skewMs: () => 0,
    metrics: createMetrics("test"),
    logger: pino({ level: "silent" }),
  });
  onTestFinished(() => passes.stop());
  return { passes, log };
}

it("a policy that may decide no more goes on measuring, for the rollback that is still to be verified", async () => {
  const { passes, log } = start();
  await passes.decideNoMore();
  await eventually("it fires", () => {
    const [watched] = passes.carried().watched.values();
    expect(watched?.track.status.state).toBe("firing");
  });
  expect(log.records.some(({ type }) => type === "decision.made")).toBe(false);
});
