import { NOTHING_MISSING } from "../../src/daemon/rights-watch.ts";
import { expect, it, onTestFinished, vi } from "vitest";
import { healthView } from "../../src/daemon/health-view.ts";
import { NOTHING_CARRIED } from "../../src/daemon/pass.ts";
import { type RunningPolicy, runPolicy } from "../../src/daemon/run-policy.ts";
import { HOUR, metricTrigger, MINUTE, policy, SECOND, TEN } from "../support/model.ts";
import { fakePrometheus } from "./fake-prometheus.ts";
import { measuringOnly } from "./measuring-only.ts";
import { NOT_HANDLED } from "./not-handled.ts";

/** What keeps a daemon with this one policy from being ready. */
function hindrances(running: Pick<RunningPolicy, "policy" | "carried" | "overdueMs">) {
  const view = healthView({
    version: "test",
    startedAt: TEN,
    now: () => TEN,
    rules: () => ({ loadedAt: TEN, problems: [] }),
    log: () => ({ head: { seq: 1, hash: "" }, unwritable: undefined, readUntil: undefined }),
    rights: () => NOTHING_MISSING,
    running: () => [{ ...NOT_HANDLED, ...running }],
  });
  return view.hindrances();
}

it.each([
  ["a minute", 15 * SECOND, MINUTE],
  ["four slots, where they are far apart", HOUR, 4 * HOUR],
])(
  "a pass that does not end makes unready after %s, by name and with a next step",
  (_, intervalMs, boundMs) => {
    const about = { policy: policy({ intervalMs }), carried: () => ({ ...NOTHING_CARRIED, at: TEN }) };
    expect(hindrances({ ...about, overdueMs: () => boundMs - 1 })).toEqual([]);
    expect(hindrances({ ...about, overdueMs: () => boundMs })).toEqual([
      {
        what: "evaluation",
        detail: expect.stringMatching(
          /^vcci-api: no pass has ended as it should for [14] (min|h), and/,
        ) as string,
        nextStep: expect.stringContaining("Restart rollbackd") as string,
      },
    ]);
  },
);

it("the very first pass, too", () => {
  const stuck = { policy: policy(), carried: () => NOTHING_CARRIED, overdueMs: () => MINUTE };
  expect(hindrances(stuck)).toMatchObject([
    { detail: expect.stringContaining("no pass has ended") as string },
  ]);
});

it("a pass that breaks off is timed until one ends as it should", async () => {
  const quick = policy({ intervalMs: 20, triggers: [metricTrigger({ forMs: 0 })] });
  const prometheus = fakePrometheus();
  let isBroken = true;
  const passes = runPolicy(quick, {
    ...measuringOnly(quick.name),
    sampler: {
      ...prometheus,
      sampleRange: async (...asked) => {
        if (isBroken) throw new Error("broken");
        return prometheus.sampleRange(...asked);
      },
    },
    now: Date.now,
    slotClock: { now: Date.now, isKnown: async () => true },
  });
  onTestFinished(passes.stop);
  await vi.waitFor(() => expect(passes.overdueMs()).toBeGreaterThan(200), { timeout: 20_000 });
  expect(passes.carried()).toBe(NOTHING_CARRIED);
  isBroken = false;
  await vi.waitFor(() => expect(passes.carried().at).toBeDefined(), { timeout: 20_000 });
  await vi.waitFor(() => expect(passes.overdueMs()).toBeLessThan(200), { timeout: 20_000 });
});

it("a pass that waits for an answer that does not come is timed, and no more when it has come", async () => {
  const quick = policy({ intervalMs: 20, triggers: [metricTrigger({ forMs: 0 })] });
  const prometheus = fakePrometheus();
  const answered = Promise.withResolvers<void>();
  const passes = runPolicy(quick, {
    ...measuringOnly(quick.name),
    sampler: {
      ...prometheus,
      sampleRange: async (...asked) => {
        await answered.promise;
        return prometheus.sampleRange(...asked);
      },
    },
    now: Date.now,
    slotClock: { now: Date.now, isKnown: async () => true },
  });
  onTestFinished(passes.stop);
  await vi.waitFor(() => expect(passes.overdueMs()).toBeGreaterThan(200), { timeout: 20_000 });
  answered.resolve();
  await vi.waitFor(() => expect(passes.carried().at).toBeDefined(), { timeout: 20_000 });
  await vi.waitFor(() => expect(passes.overdueMs()).toBeLessThan(200), { timeout: 20_000 });
});
