import { expect, it } from "vitest";
import type { HeldBack } from "../../src/releases/held-back.ts";
import { eventually } from "../support/eventually.ts";
import { paused } from "../support/situation.ts";
import { clock, HOUR, INTERVAL, metricTrigger, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const HELD: HeldBack = paused("vcci-api");

interface Story {
  readonly world: World;
  readonly daemon: Daemon;
  /** How often somebody else was asked to leave the target alone. */
  readonly suspended: () => number;
}

/** v2 is shipped at ten onto a target that is held back, and breaches from 10:01 on. */
async function badRelease(changes: Parameters<typeof policy>[0] = {}): Promise<Story> {
  const world = createWorld(TEN - HOUR);
  let suspended = 0;
  world.prepare = async () => {
    suspended += 1;
    return { kind: "prepared", suspended: [] };
  };
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), clock("11:00:00")));
  world.target.heldBack = [HELD];
  const daemon = startDaemon(world, policy({ gitops: "suspend", ...changes }));
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  return { world, daemon, suspended: () => suspended };
}

it("trap 24: a paused Deployment is not written to, nobody is suspended for it, and the page names the safe order", async () => {
  const { world, daemon, suspended } = await badRelease();
  await daemon.passUntil(clock("10:07:00"));
  expect(decisions(world)).toEqual(["escalate target-not-ready"]);
  expect(ofType(world, "decision.made")[0]?.summary).toMatch(
    /vcci-api is paused\. Leave it paused\. Put the earlier template back first: rollbackd rollback vcci-api --reason other\./u,
  );
  expect([suspended(), world.target.acts()]).toEqual([0, 0]);
  expect(ofType(world, "rollback.started")).toEqual([]);
});

it("a target is rolled back once it is no longer held back, if it still fires", async () => {
  const { world, daemon, suspended } = await badRelease();
  await daemon.passUntil(clock("10:07:00"));
  world.target.heldBack = [];
  await daemon.passUntil(clock("10:07:15"));
  expect(decisions(world)).toEqual(["escalate target-not-ready", "rollback"]);
  expect([suspended(), world.target.acts()]).toEqual([1, 1]);
});

it("nobody is asked to approve a rollback that would be refused", async () => {
  const { world, daemon } = await badRelease({
    mode: "approve",
    triggers: [metricTrigger({ mode: "approve" })],
  });
  await daemon.passUntil(clock("10:07:00"));
  const [decision, ...others] = ofType(world, "decision.made");
  expect(decision).toMatchObject({ reason: "target-not-ready", otherReasons: ["awaiting-approval"] });
  expect(decision).not.toHaveProperty("approveUntil");
  expect(others).toEqual([]);
});

it("a paused Deployment is rolled back when a person asks for it, and the plan says that the pause stays", async () => {
  const { world, daemon } = await badRelease();
  const planned = await daemon.commands.plan("vcci-api", { reason: "other" });
  expect(planned).toMatchObject({
    ok: true,
    plan: {
      warnings: expect.arrayContaining([
        expect.stringMatching(/^vcci-api is paused and stays so: .* No pod changes before/u),
      ]) as unknown,
    },
  });
  expect(JSON.stringify(planned)).not.toContain("rollout resume");
  expect(await daemon.commands.rollback("vcci-api", { reason: "other" }, "token:alice")).toMatchObject({
    ok: true,
  });
  await eventually("it is done", () => expect(world.target.acts()).toBe(1));
});
