import { expect, it } from "vitest";
import type { Sampler } from "../../src/signals/sampler.ts";
import { clock, HOUR, metricTrigger, MINUTE, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, decisions, ofType, startDaemon, type World } from "./world.ts";

/** Error rate and latency both fire at 10:06 because of v2, as far as single answers go. */
async function twoFire(rangeIsHealthy: readonly string[]): Promise<World> {
  const world = createWorld(TEN - HOUR);
  const { prometheus } = world;
  prometheus.put("errors", breaching(clock("10:01:00")));
  prometheus.put("latency", breaching(clock("10:01:00")));
  const { sampleRange } = prometheus;
  const otherwise: Sampler["sampleRange"] = async (trigger, grid) => {
    const measured = await sampleRange(trigger, grid);
    const expr = trigger.query.kind === "expr" ? trigger.query.expr : "";
    return rangeIsHealthy.includes(expr)
      ? { ...measured, samples: measured.samples.map(({ at }) => ({ at, value: 0.01 })) }
      : measured;
  };
  Object.assign(prometheus, { sampleRange: otherwise });
  const triggers = ["errors", "latency"].map((name) =>
    metricTrigger({ name, hash: name, query: { kind: "expr", expr: name } }),
  );
  const daemon = startDaemon(world, policy({ triggers }));
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.pass();
  world.target.ship("v2", TEN);
  await daemon.passUntil(clock("10:06:30"));
  return world;
}

it("a trigger that a second look does not confirm gives way to one that it does", async () => {
  const world = await twoFire(["errors"]);
  expect(decisions(world)[0]).toBe("rollback");
  expect(ofType(world, "decision.made")[0]?.trigger).toBe("latency");
  expect(world.target.running()).toBe("v1");
});

it("when none is confirmed, that is recorded once and nothing is done", async () => {
  const world = await twoFire(["errors", "latency"]);
  expect(decisions(world)).toEqual(["hold not-confirmed"]);
  expect(world.target.acts()).toBe(0);
});
