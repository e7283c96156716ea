import { expect, it } from "vitest";
import type { HeldBack } from "../../src/releases/held-back.ts";
import { clock, HOUR, INTERVAL, metricTrigger, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const HELD: HeldBack = {
  reason: "held-back",
  detail: "it has updateStrategy OnDelete; change it (kubectl …)",
};

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

it("trap 24: what would leave a rollback without effect is known before it is decided: nobody is suspended for nothing", async () => {
  const { world, daemon, suspended } = await badRelease();
  await daemon.passUntil(clock("10:07:00"));
  expect(decisions(world)).toEqual(["escalate target-not-ready"]);
  expect(ofType(world, "decision.made")[0]?.summary).toMatch(
    /OnDelete; change it \(kubectl …\)\. Mend that/u,
  );
  expect([suspended(), world.target.acts()]).toEqual([0, 0]);
  expect(ofType(world, "rollback.started")).toEqual([]);
});

it("once that is mended it is rolled back, if it still fires", async () => {
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

it("a person who asks for a plan is told the same, and so is one who does not ask first", async () => {
  const { world, daemon } = await badRelease();
  const refusal = {
    ok: false,
    reason: "target-not-ready",
    detail: `${HELD.detail}. Mend that first, then ask again.`,
  };
  expect(await daemon.commands.plan("vcci-api", { reason: "other" })).toMatchObject(refusal);
  expect(await daemon.commands.rollback("vcci-api", { reason: "other" }, "token:alice")).toMatchObject(
    refusal,
  );
  expect(world.target.acts()).toBe(0);
});
