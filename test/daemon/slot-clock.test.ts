import { pino } from "pino";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createFleet } from "../../src/daemon/fleet.ts";
import { createHistory } from "../../src/daemon/history.ts";
import { runPolicy } from "../../src/daemon/run-policy.ts";
import { startSlotClock } from "../../src/daemon/slot-clock.ts";
import { metricStatus } from "../../src/engine/metric-status.ts";
import type { TargetWatch } from "../../src/releases/watch.ts";
import { createPrometheus } from "../../src/signals/prometheus.ts";
import { NO_REPORTS } from "../../src/signals/image-report.ts";
import { createSampler } from "../../src/signals/sampler.ts";
import { createServerClock } from "../../src/signals/server-clock.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { startFakePrometheus } from "../faults/fake-prometheus.ts";
import { startFaultProxy } from "../faults/fault-proxy.ts";
import { metricTrigger, MINUTE, policy } from "../support/model.ts";

const INTERVAL = 50;

const quick = (queryOffsetMs: number) =>
  policy({ intervalMs: INTERVAL, queryOffsetMs, triggers: [metricTrigger({ forMs: 4 * INTERVAL })] });

/** Long, for machines that do much else. */
const until = (check: () => void) => vi.waitFor(check, { timeout: 30_000 });

/** Nothing is known of any release, so that no more than windows are read. */
const noTarget: TargetWatch = {
  current: () => ({ ok: false, reason: "not-found", detail: "not there" }),
  reread: async () => ({ ok: false, reason: "not-found", detail: "not there" }),
  onChange: () => () => undefined,
  stop: async () => undefined,
};

interface Scene {
  readonly down?: boolean;
  readonly offsetMs?: number;
  /** How long a value is on its way into Prometheus. */
  readonly lateMs?: number;
}

/** Differs from slot to slot, on both sides of the threshold. */
const wavy = (at: number): number => 0.05 + Math.sin(at / (7 * INTERVAL)) / 50;

/** A daemon's loop over one policy, and a Prometheus whose clock is `aheadMs` from the one here. */
async function started(aheadMs: number, options: Scene = {}) {
  const there = { aheadMs };
  const serverNow = (): number => Date.now() + there.aheadMs;
  const fake = await startFakePrometheus(
    (_, at) => (at + (options.lateMs ?? 0) <= serverNow() ? wavy(at) : undefined),
    serverNow,
  );
  onTestFinished(fake.close);
  const proxy = await startFaultProxy(fake.url);
  onTestFinished(proxy.close);
  if (options.down === true) proxy.set({ kind: "reset" });
  const prometheus = createPrometheus({ urls: [proxy.url], timeoutMs: 20_000 });
  onTestFinished(prometheus.close);
  const machine = { setBy: 0 };
  const now = (): number => Date.now() + machine.setBy;
  const slotClock = createServerClock({
    ask: prometheus.clock,
    wall: now,
    elapsed: () => performance.now(),
    toleratedMs: () => INTERVAL,
    observe: () => undefined,
    onSkew: () => undefined,
  });
  const metrics = createMetrics("test");
  const passes = runPolicy(quick(options.offsetMs ?? 0), {
    instant: prometheus.instant,
    sampler: createSampler(prometheus, INTERVAL),
    probeResults: () => [],
    checkpoints: { look: () => undefined },
    sharing: () => [],
    reports: () => NO_REPORTS,
    watch: noTarget,
    history: createHistory(),
    record: async () => undefined,
    gates: () => ({ logUnwritable: undefined, notLeader: undefined, frozen: undefined }),
    massBreach: () => undefined,
    member: createFleet(0).join("p", "vcci-production/vcci-api", "quiet"),
    begin: async () => true,
    oneAtATime: (_, run) => run(),
    tellUnlogged: () => undefined,
    newDecisionId: String,
    markStanding: async () => undefined,
    skewMs: () => 0,
    metrics,
    logger: pino({ level: "silent" }),
    now,
    slotClock,
  });
  onTestFinished(passes.stop);
  /** The newest slot that is known. */
  const judged = (): number => {
    const [watched] = passes.carried().watched.values();
    return watched?.answered === true ? (watched.track.samples.at(-1)?.at ?? 0) : 0;
  };
  const track = () => [...passes.carried().watched.values()].at(0)?.track;
  return { proxy, machine, there, slotClock, prometheus, metrics, judged, track, serverNow };
}

describe("trap 10: slots are those of Prometheus's clock", () => {
  test.each([-10 * MINUTE, 10 * MINUTE])("which may be %d ms from the one here", async (aheadMs) => {
    const { judged, serverNow } = await started(aheadMs);
    await until(() => expect(Math.abs(serverNow() - judged())).toBeLessThan(5 * INTERVAL));
    expect(judged() % INTERVAL).toBe(0);
  });

  test("trap 17: minus the queryOffset", async () => {
    const { judged, serverNow } = await started(0, { offsetMs: 10_000 });
    await until(() => expect(judged()).toBeGreaterThan(0));
    await until(() => expect(serverNow() - judged()).toBeLessThan(10_000 + 5 * INTERVAL));
    expect(serverNow() - judged()).toBeGreaterThanOrEqual(10_000);
  });

  test.each([-10 * MINUTE, 10 * MINUTE])("and go on when the clock here is set by %d ms", async (setBy) => {
    const { judged, machine, metrics } = await started(0);
    await until(() => expect(judged()).toBeGreaterThan(0));
    const before = judged();
    machine.setBy = setBy;
    await until(() => expect(judged()).toBeGreaterThanOrEqual(before + 5 * INTERVAL));
    expect(judged() - before).toBeLessThan(MINUTE);
    const missed = (await metrics.evaluationsMissed.get()).values.at(0)?.value ?? 0;
    expect(missed).toBeLessThan(MINUTE / INTERVAL);
  });

  test.each([-10 * MINUTE, 10 * MINUTE])("and follow when the clock there is set by %d ms", async (setBy) => {
    const { judged, there, slotClock, track, serverNow } = await started(0);
    await until(() => expect(judged()).toBeGreaterThan(0));
    there.aheadMs = setBy;
    await slotClock.sync();
    await until(() => expect(Math.abs(serverNow() - judged())).toBeLessThan(5 * INTERVAL));
    expect(track()?.samples.filter(({ at }) => at > serverNow())).toEqual([]);
  });

  test("slots of a wrong clock, while nobody could be asked, do not hold up the right ones", async () => {
    const { judged, proxy, serverNow } = await started(-10 * MINUTE, { down: true });
    await until(() => expect(proxy.requests.length).toBeGreaterThan(4));
    expect(judged()).toBe(0);
    proxy.set(undefined);
    await until(() => expect(Math.abs(serverNow() - judged())).toBeLessThan(5 * INTERVAL));
  });
});

describe("trap 17: what comes late", () => {
  const LATE = 10 * INTERVAL;
  const replayed = async ({ prometheus, track }: Awaited<ReturnType<typeof started>>) => {
    await until(() => expect(track()?.samples.length).toBeGreaterThan(0));
    const begin = track()?.samples.at(-1)?.at ?? 0;
    await until(() => expect(track()?.samples.at(0)?.at).toBeGreaterThan(begin));
    const live = track();
    await new Promise((resolve) => void setTimeout(resolve, LATE));
    const [from = 0, to = 0] = [live?.samples.at(0)?.at, live?.samples.at(-1)?.at];
    const [trigger] = quick(0).triggers;
    if (trigger?.kind !== "metric") throw new TypeError("no metric trigger");
    const grid = { from, to, stepMs: INTERVAL };
    const { samples } = await createSampler(prometheus, INTERVAL).sampleRange(trigger, grid);
    return { live, samples, status: metricStatus(trigger, INTERVAL, samples.slice(-5)) };
  };

  test("is waited for by queryOffset: a replay says what was said live", async () => {
    const { live, samples, status } = await replayed(
      await started(0, { offsetMs: LATE, lateMs: LATE - INTERVAL }),
    );
    expect(live?.samples).toEqual(samples);
    expect(live?.status).toEqual(status);
    expect(samples.every((sample) => "value" in sample)).toBe(true);
  });

  test("is not there yet without it", async () => {
    const { live, samples } = await replayed(await started(0, { lateMs: LATE }));
    expect(live?.samples).not.toEqual(samples);
  });
});

test("a skew beyond the shortest interval is logged with its size and what to do", async () => {
  const fake = await startFakePrometheus(
    () => undefined,
    () => Date.now() - 10 * MINUTE,
  );
  onTestFinished(fake.close);
  const prometheus = createPrometheus({ urls: [fake.url] });
  onTestFinished(prometheus.close);
  let logged = "";
  const metrics = createMetrics("test");
  const clock = startSlotClock({
    ask: prometheus.clock,
    intervals: () => [30_000, 15_000],
    metrics,
    logger: pino({}, { write: (line) => void (logged += line) }),
  });
  onTestFinished(clock.stop);
  await clock.sync();
  const [skew] = (await metrics.prometheusClockSkew.get()).values;
  // The trip of the question is in it.
  expect(skew?.value).toSatisfy((seconds: number) => Math.abs(seconds + 600) < 10);
  expect(logged).toMatch(/clock of Prometheus is (59|60)\d s behind the one of this machine.*synchronise/);
});
