import { expect, onTestFinished, test, vi } from "vitest";
import { runPolicy } from "../../src/daemon/run-policy.ts";
import { createPrometheus } from "../../src/signals/prometheus.ts";
import { createSampler } from "../../src/signals/sampler.ts";
import { startFakePrometheus } from "../faults/fake-prometheus.ts";
import { startFaultProxy } from "../faults/fault-proxy.ts";
import { metricTrigger, policy } from "../support/model.ts";
import { measuringOnly } from "./measuring-only.ts";

const INTERVAL = 50;
const SLOTS = 11;

async function replica(value: number) {
  const fake = await startFakePrometheus(() => value);
  onTestFinished(fake.close);
  const proxy = await startFaultProxy(fake.url);
  onTestFinished(proxy.close);
  return { url: proxy.url, fail: (down: boolean) => proxy.set(down ? { kind: "reset" } : undefined) };
}

test("trap 12: of two replicas that disagree a window holds the word of one, over every fail-over", async () => {
  const [one, nine] = [await replica(1), await replica(9)];
  const prometheus = createPrometheus({ urls: [one.url, nine.url], timeoutMs: 20_000 });
  onTestFinished(prometheus.close);
  const triggers = [metricTrigger({ forMs: (SLOTS - 1) * INTERVAL })];
  const passes = runPolicy(policy({ intervalMs: INTERVAL, triggers }), {
    ...measuringOnly("p"),
    sampler: createSampler(prometheus, INTERVAL),
    now: Date.now,
    slotClock: { now: Date.now, isKnown: async () => true },
  });
  onTestFinished(passes.stop);
  const seen = new Set<string>();
  /** What the window holds and whose word it is said to be, looked at all the time. */
  const look = (): string => {
    const [watched] = passes.carried().watched.values();
    const values = (watched?.track.samples ?? []).flatMap((sample) =>
      "value" in sample ? [sample.value] : [],
    );
    const whole = `${watched?.endpoint}: ${[...new Set(values)].join(" and ")}`;
    seen.add(whole);
    return whole;
  };
  const becomes = (whole: string) =>
    vi.waitFor(() => expect(look()).toBe(whole), { timeout: 30_000, interval: 5 });
  await becomes(`${one.url}: 1`);
  one.fail(true);
  await becomes(`${nine.url}: 9`);
  one.fail(false);
  nine.fail(true);
  await becomes(`${one.url}: 1`);
  seen.delete("undefined: ");
  expect([...seen]).toEqual([`${one.url}: 1`, `${nine.url}: 9`]);
});
