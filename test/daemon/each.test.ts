import { expect, it } from "vitest";
import type { MetricTrigger } from "../../src/rules/policy.ts";
import type { Sample } from "../../src/signals/sample.ts";
import { eachSlots } from "../support/each-slots.ts";
import { clock, HOUR, INTERVAL, metricTrigger, MINUTE, policy, TEN } from "../support/model.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const SLOTS = 4 * (HOUR / INTERVAL);

/** What each pod says at each instant: a mark of `eachSlots`. */
type Marks = Readonly<Record<string, (at: number) => string>>;

async function shipped(marks: Marks, changes: Partial<MetricTrigger> = {}): Promise<[World, Daemon]> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", (at): Sample => {
    const pictures = Object.entries(marks).map(([pod, mark]) => [pod, mark(at)]);
    return (
      eachSlots(Object.fromEntries(pictures) as Record<string, string>, at)[0] ?? { at, unknown: "no-data" }
    );
  });
  const triggers = [metricTrigger({ aggregate: "each", ...changes })];
  const daemon = startDaemon(world, policy({ triggers }));
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.passUntil(TEN - INTERVAL);
  world.target.ship("v2", TEN);
  return [world, daemon];
}

const bad =
  (from: string, to = "11:00:00") =>
  (at: number) =>
    at >= clock(from) && at < clock(to) ? "!" : ".";

it("each: the release is rolled back when one series fires, and decision and evidence name it", async () => {
  const [world, daemon] = await shipped({ a: () => ".", b: bad("10:01:00") });
  await daemon.passUntil(clock("10:05:45"));
  expect(decisions(world)).toEqual([]);
  await daemon.passUntil(clock("10:06:00"));
  expect(decisions(world)).toEqual(["rollback"]);
  const [decided] = ofType(world, "decision.made");
  expect(decided?.summary).toContain('error-rate {pod="b"} ');
  expect(ofType(world, "trigger.firing")[0]).toMatchObject({ reason: expect.stringContaining('{pod="b"}') });
  const [evidence] = decided?.evidence ?? [];
  expect(evidence).toMatchObject({ series: '{pod="b"}', summary: expect.stringContaining('{pod="b"}') });
  expect(evidence?.samples).toHaveLength(21);
  expect(evidence?.samples[0]).toEqual({ at: clock("10:01:00"), value: 0.112 });
  expect(world.target.running()).toBe("v1");
});

it("each: two series that breach in turn roll back nothing", async () => {
  const even = (at: number) => (at / INTERVAL) % 2 === 0;
  const [world, daemon] = await shipped({
    a: (at) => (at >= TEN && even(at) ? "!" : "."),
    b: (at) => (at >= TEN && !even(at) ? "!" : "."),
  });
  await daemon.passUntil(clock("10:30:00"));
  expect(decisions(world)).toEqual([]);
});

it("each: a series that breached before the release does not shield the release from another series", async () => {
  const [world, daemon] = await shipped({ search: bad("09:58:00"), checkout: bad("10:00:00") });
  await daemon.passUntil(clock("10:04:45"));
  expect(decisions(world)).toEqual(["escalate breach-predates-release"]);
  await daemon.passUntil(clock("10:05:00"));
  expect(decisions(world)).toEqual(["escalate breach-predates-release", "rollback"]);
  expect(ofType(world, "decision.made")[1]?.summary).toContain('{pod="checkout"}');
});

it("each: a new pod in an ongoing incident has the past of the pods before it", async () => {
  const [world, daemon] = await shipped({
    old: (at) => (at < TEN + MINUTE ? "!" : "-"),
    new: (at) => (at < TEN + MINUTE ? "-" : "!"),
  });
  await daemon.passUntil(clock("10:30:00"));
  expect(decisions(world)).toEqual(["escalate outside-guard-period", "escalate breach-predates-release"]);
});

it("each: a second look confirms the series that fired, not another one", async () => {
  const [world, daemon] = await shipped({ a: () => ".", b: bad("10:01:00") });
  const { sampleRange } = world.prometheus;
  Object.assign(world.prometheus, {
    sampleRange: async (...asked: Parameters<typeof sampleRange>) => {
      const measured = await sampleRange(...asked);
      const swapped = eachSlots(
        { a: "!".repeat(SLOTS), b: ".".repeat(SLOTS) },
        measured.samples[0]?.at,
      ).slice(0, measured.samples.length);
      return { ...measured, samples: world.at < clock("10:05:00") ? measured.samples : swapped };
    },
  });
  await daemon.passUntil(clock("10:06:00"));
  expect(decisions(world)).toEqual(["hold not-confirmed"]);
});

it("each: a daemon that starts in the middle of a breach fires in the slot in which it would have fired", async () => {
  const [world] = await shipped({ a: () => ".", b: bad("10:01:00"), c: bad("10:03:00") });
  world.at = clock("10:04:00");
  const next = startDaemon(world, policy({ triggers: [metricTrigger({ aggregate: "each" })] }));
  await next.passUntil(clock("10:05:45"));
  expect(decisions(world)).toEqual([]);
  await next.passUntil(clock("10:06:00"));
  expect(decisions(world)).toEqual(["rollback"]);
  expect(ofType(world, "decision.made")[0]?.evidence[0]).toMatchObject({ series: '{pod="b"}' });
});
