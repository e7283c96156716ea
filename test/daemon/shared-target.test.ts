import { describe, expect, it } from "vitest";
import type { Policy } from "../../src/rules/policy.ts";
import { clock, HOUR, metricTrigger, MINUTE, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, ofType, startDaemon, type World } from "./world.ts";

const acting = policy({ name: "acting" });
const watching = policy({
  name: "watching",
  mode: "observe",
  triggers: [metricTrigger({ mode: "observe" })],
});

/** The daemon ended while the rollback of `acting` was being verified, and starts again with `policies`. */
async function restarted(...policies: readonly Policy[]): Promise<World> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), clock("10:08:00")));
  world.verify = () => new Promise(() => undefined);
  const before = startDaemon(world, acting, watching);
  await before.load();
  world.at = TEN - MINUTE;
  await before.pass();
  world.target.ship("v2", TEN);
  await before.passUntil(clock("10:06:15"));
  world.verify = async () => ({ kind: "verified", steps: [] });
  const after = startDaemon(world, ...policies);
  await after.load();
  after.resume();
  await after.passUntil(clock("10:09:00"));
  return world;
}

const endedBy = (world: World) => ofType(world, "rollback.verified").map(({ policy: by }) => by);

describe("a rollback that a restart interrupts, on a target of two policies", () => {
  it("is brought to its end by the policy that began it, once", async () => {
    expect(endedBy(await restarted(acting, watching))).toEqual(["acting"]);
    expect(endedBy(await restarted(watching, acting))).toEqual(["acting"]);
  });

  it("is brought to its end by the one that acts now, if the one that began it is gone", async () => {
    const renamed = policy({ name: "renamed" });
    expect(endedBy(await restarted(watching, renamed))).toEqual(["renamed"]);
  });
});

it("trap 25: while a group is rolled back, a person is not let at a member of it by another policy", async () => {
  const world = createWorld(TEN - HOUR);
  world.verify = () => new Promise(() => undefined);
  const deployments = ["worker", "vcci-api"];
  const group = { kind: "group", namespace: "vcci-production", deployments } as const;
  const daemon = startDaemon(world, policy({ name: "group", target: group }), watching);
  await daemon.load();
  world.target.ship("v2", TEN);
  world.at = TEN + MINUTE;
  await daemon.pass();
  const asked = { reason: "data-corruption" } as const;
  expect(await daemon.commands.rollback("group", asked, "alice")).toMatchObject({ ok: true });
  const refused = await daemon.commands.rollback("watching", asked, "bob");
  expect(refused).toMatchObject({ ok: false, reason: "rollback-under-way" });
  expect(JSON.stringify(refused)).toContain("of vcci-production/vcci-api+worker is under way");
  expect(world.target.acts()).toBe(1);
});

it("trap 25: while a person rolls a member back by another policy, its group is left alone", async () => {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
  const verified = Promise.withResolvers<void>();
  world.verify = async () => {
    await verified.promise;
    return { kind: "verified", steps: [] };
  };
  const group = { kind: "group", namespace: "vcci-production", deployments: ["worker", "vcci-api"] } as const;
  const daemon = startDaemon(world, policy({ name: "group", target: group }), watching);
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.pass();
  world.target.ship("v2", TEN);
  await daemon.passUntil(clock("10:05:45"));
  expect(await daemon.commands.rollback("watching", { reason: "other" }, "alice")).toMatchObject({
    ok: true,
  });
  world.target.ship("v3", clock("10:05:50"));
  await daemon.passUntil(clock("10:20:00"));
  const byGroup = () => ofType(world, "decision.made").filter(({ policy: by }) => by === "group");
  expect(byGroup()).toEqual([]);
  verified.resolve();
  await daemon.passUntil(clock("10:20:30"));
  expect(byGroup().length).toBeGreaterThan(0);
});
