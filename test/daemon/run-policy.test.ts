import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createFleet } from "../../src/daemon/fleet.ts";
import { createHistory } from "../../src/daemon/history.ts";
import { type PolicyPasses, runPolicy, type RunPolicyPorts } from "../../src/daemon/run-policy.ts";
import { NO_REPORTS } from "../../src/signals/image-report.ts";
import type { Measurable, Sampler } from "../../src/signals/sampler.ts";
import { createMetrics, type Metrics } from "../../src/telemetry/metrics.ts";
import { MINUTE, policy, TEN } from "../support/model.ts";
import { fakePrometheus } from "./fake-prometheus.ts";
import { fakeTarget } from "./fake-target.ts";

const INTERVAL = 20;
const fast = policy({ intervalMs: INTERVAL });

/** Long, for machines that do much else. */
const until = (check: () => void) => vi.waitFor(check, { timeout: 30_000 });

const running: PolicyPasses[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ stop }) => stop()));
});

/** A policy whose clock starts at ten and can be set, with real timers. */
function run(
  changes: Partial<RunPolicyPorts> & { readonly now: () => number },
  around = justDo,
  watched = fast,
) {
  const metrics = createMetrics("test");
  const prometheus = fakePrometheus();
  const asked: number[] = [];
  const sampler: Sampler = {
    sampleAt: (trigger, at) => around(at, () => (asked.push(at), prometheus.sampleAt(trigger, at))),
    sampleRange: (trigger: Measurable, grid) =>
      around(grid.to, () => (asked.push(grid.to), prometheus.sampleRange(trigger, grid))),
  };
  const passes = runPolicy(watched, {
    instant: prometheus.instant,
    sampler,
    probeResults: () => [],
    checkpoints: { look: () => undefined },
    sharing: () => [],
    reports: () => NO_REPORTS,
    watch: fakeTarget("vcci-production/vcci-api", { digest: "v1", at: TEN - 86_400_000 }).watch,
    history: createHistory(),
    record: async () => undefined,
    gates: () => ({ logUnwritable: undefined, notLeader: undefined, frozen: undefined }),
    massBreach: () => undefined,
    member: createFleet(50).join(fast.name, "vcci-production/vcci-api", "quiet"),
    begin: async () => true,
    oneAtATime: (_, run) => run(),
    tellUnlogged: () => undefined,
    newDecisionId: String,
    markStanding: async () => undefined,
    skewMs: () => 0,
    metrics,
    logger: pino({ level: "silent" }),
    slotClock: { now: changes.now, isKnown: async () => true },
    ...changes,
  });
  running.push(passes);
  return { passes, asked, metrics };
}

type Around = <T>(at: number, ask: () => Promise<T>) => Promise<T>;
const justDo: Around = (_, ask) => ask();

function clockFrom(at: number): { readonly now: () => number; set: (next: number) => void } {
  let offset = at - performance.now();
  return {
    now: () => performance.now() + offset,
    set: (next) => {
      offset = next - performance.now();
    },
  };
}

async function missed({ evaluationsMissed }: Metrics): Promise<number> {
  return (await evaluationsMissed.get()).values.at(0)?.value ?? 0;
}

describe("the passes over a policy", () => {
  it("leave nothing in the metrics that would go on saying what they said last", async () => {
    const { passes, asked, metrics } = run({ now: clockFrom(TEN).now });
    await until(() => expect(asked.length).toBeGreaterThan(1));
    expect(await metrics.registry.metrics()).toContain('policy="vcci-api"');
    await passes.stop();
    expect(await metrics.registry.metrics()).not.toContain('policy="vcci-api",trigger=');
  });

  it("count missed slots from zero, so that the first one is seen to rise", async () => {
    const { asked, metrics } = run({ now: clockFrom(TEN).now });
    await until(() => expect(asked.length).toBeGreaterThan(1));
    expect((await metrics.evaluationsMissed.get()).values).toHaveLength(1);
  });

  it("are one a slot, on the grid, in order", async () => {
    const { asked } = run({ now: clockFrom(TEN).now });
    await until(() => expect(asked.length).toBeGreaterThan(5));
    expect(asked.every((at) => (at - TEN) % INTERVAL === 0)).toBe(true);
    expect(asked).toEqual([...new Set(asked)].toSorted((a, b) => a - b));
  });

  it("never overlap; the slots that a slow one ran over are counted as missed", async () => {
    let open = 0;
    let most = 0;
    let isFirst = true;
    const slow: Around = async (_, ask) => {
      open += 1;
      most = Math.max(most, open);
      if (isFirst) await new Promise((resolve) => void setTimeout(resolve, 5 * INTERVAL));
      isFirst = false;
      const answer = await ask();
      open -= 1;
      return answer;
    };
    const { asked, metrics } = run({ now: clockFrom(TEN).now }, slow);
    await until(() => expect(asked.length).toBeGreaterThan(2));
    expect(most).toBe(1);
    expect(await missed(metrics)).toBeGreaterThanOrEqual(3);
  });

  it("trap 10: judge no slot again when the clock goes back by an interval: it is waited for", async () => {
    const clock = clockFrom(TEN);
    const { asked } = run({ now: clock.now });
    await until(() => expect(asked.length).toBeGreaterThan(5));
    clock.set(clock.now() - INTERVAL);
    const before = asked.length;
    await until(() => expect(asked.length).toBeGreaterThan(before + 2));
    expect(asked).toEqual([...new Set(asked)].toSorted((a, b) => a - b));
  });

  it.each([-10, 10])(
    "trap 10: go on at once when the clock is set by %d minutes, from there",
    async (minutes) => {
      const clock = clockFrom(TEN);
      const { asked, passes } = run({ now: clock.now });
      await until(() => expect(asked.length).toBeGreaterThan(5));
      const set = clock.now() + minutes * MINUTE;
      clock.set(set);
      const before = asked.length;
      await until(() => expect(asked.length).toBeGreaterThan(before + 3));
      const after = asked.slice(before + 1);
      expect(after.at(0)).toBeLessThan(set + MINUTE);
      expect(after).toEqual([...new Set(after)].toSorted((a, b) => a - b));
      const [watched] = passes.carried().watched.values();
      const known = watched?.track.samples.map(({ at }) => at) ?? [];
      expect(known.filter((at) => at > clock.now())).toEqual([]);
      expect(known).toEqual(known.map((_, index) => (known[0] ?? 0) + index * INTERVAL));
    },
  );

  it("wait for the time of Prometheus no longer than a few seconds", async () => {
    const hangs = { now: clockFrom(TEN).now, isKnown: () => new Promise<boolean>(() => undefined) };
    const { asked } = run({ now: hangs.now, slotClock: hangs });
    await until(() => expect(asked.length).toBeGreaterThan(0));
    expect(asked.at(0)).toBeGreaterThanOrEqual(TEN + 3_000 - INTERVAL);
  });

  it("go on after one that broke", async () => {
    let isFirst = true;
    const { asked, passes } = run({ now: clockFrom(TEN).now }, async (_, ask) => {
      const answer = await ask();
      if (isFirst) {
        isFirst = false;
        throw new Error("a bug");
      }
      return answer;
    });
    await until(() => expect(passes.carried().at).toBeGreaterThan(TEN));
    expect(asked.length).toBeGreaterThan(1);
  });

  it("weigh again at once when somebody said something, and measure nothing for that", async () => {
    const slow = policy({ intervalMs: 10 * MINUTE });
    let weighed = 0;
    const oneAtATime: RunPolicyPorts["oneAtATime"] = (_, decide) => ((weighed += 1), decide());
    const { passes, asked } = run({ now: clockFrom(TEN).now, oneAtATime }, justDo, slow);
    await until(() => expect(weighed).toBe(1));
    const before = asked.length;
    passes.reconsider();
    await until(() => expect(weighed).toBe(2));
    expect(asked).toHaveLength(before);
  });

  it("go on when no decision may be made any more, and end when they are stopped", async () => {
    const { asked, passes } = run({ now: clockFrom(TEN).now });
    await until(() => expect(asked.length).toBeGreaterThan(0));
    await passes.decideNoMore();
    const before = asked.length;
    await until(() => expect(asked.length).toBeGreaterThan(before));
    await passes.stop();
    const after = asked.length;
    await new Promise((resolve) => void setTimeout(resolve, 3 * INTERVAL));
    expect(asked).toHaveLength(after);
  });
});
