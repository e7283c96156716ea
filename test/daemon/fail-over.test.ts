import { describe, expect, it } from "vitest";
import { clock, INTERVAL, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, decisions, ofType, startDaemon, type World } from "./world.ts";

const EXPR = "errors:ratio";
const healthy = breaching(Number.POSITIVE_INFINITY);
const broken = breaching(TEN);

/** The replica that answers from now on, and what it has to say. */
function answers(world: World, endpoint: string, series = healthy): void {
  world.prometheus.endpoint = endpoint;
  world.prometheus.put(EXPR, series);
}

async function fourMinutesOfBreachAtA() {
  const world = createWorld(clock("09:50:00"));
  answers(world, "http://a:9090", broken);
  const daemon = startDaemon(world, policy());
  await daemon.load();
  world.target.ship("v2", TEN);
  await daemon.passUntil(clock("10:04:00"));
  return { world, daemon };
}

describe("two replicas of Prometheus that disagree", () => {
  it("trap 12: after a fail-over the whole window is the other's word", async () => {
    const { world, daemon } = await fourMinutesOfBreachAtA();
    answers(world, "http://b:9090");
    const asked = world.prometheus.asked.length;
    await daemon.passUntil(clock("10:04:15"));
    const grids = world.prometheus.asked.slice(asked);
    expect(grids.some(({ from }) => from < TEN)).toBe(true);
    await daemon.passUntil(clock("10:20:00"));
    expect(decisions(world)).toEqual([]);
    expect(ofType(world, "trigger.resolved")).toHaveLength(1);
  });

  it("trap 12: a breach that only the second one saw fires with its evidence alone", async () => {
    const world = createWorld(clock("09:50:00"));
    answers(world, "http://a:9090");
    const daemon = startDaemon(world, policy());
    await daemon.load();
    world.target.ship("v2", TEN);
    await daemon.passUntil(clock("10:06:00"));
    answers(world, "http://b:9090", broken);
    await daemon.passUntil(clock("10:06:15"));
    const [decision] = ofType(world, "decision.made");
    expect(decision).toMatchObject({ decision: "rollback", evidence: [{ endpoint: "http://b:9090" }] });
    expect(decision?.evidence[0]?.samples.every((sample) => "value" in sample && sample.value > 0.05)).toBe(
      true,
    );
  });

  it("trap 12: while the other cannot tell the past, nothing is mixed and nothing fires", async () => {
    const { world, daemon } = await fourMinutesOfBreachAtA();
    answers(world, "http://b:9090", broken);
    world.prometheus.down = "range";
    await daemon.passUntil(clock("10:12:00"));
    expect(decisions(world)).toEqual([]);
    world.prometheus.down = "none";
    await daemon.passUntil(clock("10:12:00") + INTERVAL);
    expect(decisions(world)).toEqual(["rollback"]);
  });
});
