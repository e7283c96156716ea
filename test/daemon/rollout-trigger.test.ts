import { describe, expect, it } from "vitest";
import type { RolloutTrigger } from "../../src/rules/policy.ts";
import { clock, HOUR, INTERVAL, MINUTE, policy, TEN } from "../support/model.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const rollout: RolloutTrigger = { kind: "rollout", name: "rollout", mode: "enforce", hash: "r1" };

/** v2 is shipped at ten and the cluster gives up on it at ten past. */
async function stalledRelease(): Promise<{ readonly world: World; readonly daemon: Daemon }> {
  const world = createWorld(TEN - HOUR);
  const daemon = startDaemon(world, policy({ triggers: [rollout] }));
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.passUntil(TEN - INTERVAL);
  world.target.ship("v2", TEN);
  await daemon.passUntil(clock("10:09:45"));
  expect(decisions(world)).toEqual([]);
  world.target.stalledAt = clock("10:09:50");
  return { world, daemon };
}

describe("trap 38: a release whose pods never become ready", () => {
  it("is rolled back when the cluster gives up on it", async () => {
    const { world, daemon } = await stalledRelease();
    await daemon.passUntil(clock("10:20:00"));
    expect(decisions(world)).toEqual(["rollback"]);
    expect(world.target.running()).toBe("v1");
    expect(ofType(world, "decision.made")[0]).toMatchObject({
      trigger: "rollout",
      summary: expect.stringContaining("0 ready") as string,
      evidence: [{ query: "rollout", threshold: "stalled", samples: [{ value: 1 }] }],
    });
    expect(ofType(world, "trigger.resolved")).toHaveLength(1);
  });

  it("is left alone when a second look finds that it moves again", async () => {
    const { world, daemon } = await stalledRelease();
    world.target.watch.current();
    world.target.stale = true;
    world.target.stalledAt = undefined;
    await daemon.passUntil(clock("10:11:00"));
    expect(decisions(world)).toEqual(["hold not-confirmed"]);
    expect(world.target.acts()).toBe(0);
  });

  it("calls for help when the target cannot be looked at again", async () => {
    const { world, daemon } = await stalledRelease();
    const { watch } = world.target;
    Object.assign(watch, {
      reread: async () => ({ ok: false, reason: "unreachable", detail: "no answer" }),
    });
    await daemon.passUntil(clock("10:12:00"));
    expect(decisions(world)).toEqual(["escalate not-confirmed"]);
    expect(world.target.acts()).toBe(0);
  });

  it("is not judged while the target is out of sight", async () => {
    const { world, daemon } = await stalledRelease();
    world.target.trouble = { ok: false, reason: "unreachable", detail: "no answer" };
    await daemon.passUntil(clock("10:12:00"));
    expect(decisions(world)).toEqual([]);
    expect(daemon.carried("vcci-api").watched.get("rollout")?.track.status.state).toBe("unknown");
    world.target.trouble = undefined;
    await daemon.passUntil(clock("10:13:00"));
    expect(decisions(world)).toEqual(["rollback"]);
  });

  it("after another that stalled: that one is not put back", async () => {
    const { world, daemon } = await stalledRelease();
    world.target.mark("v1", "quarantined");
    await daemon.passUntil(clock("10:11:00"));
    world.target.ship("v3", clock("10:11:10"));
    await daemon.passUntil(clock("10:20:00"));
    world.target.stalledAt = clock("10:20:00");
    await daemon.passUntil(clock("10:21:00"));
    expect(world.target.acts()).toBe(0);
    expect(decisions(world)).toEqual(["escalate no-known-good-revision", "escalate no-known-good-revision"]);
  });

  it("is to blame for its own rollout, also when nobody looked between one that stalled and the next", async () => {
    const { world, daemon } = await stalledRelease();
    world.target.mark("v1", "quarantined");
    await daemon.passUntil(clock("10:11:00"));
    world.target.mark("v1", "good");
    world.target.ship("v3", clock("10:11:10"));
    world.target.stalledAt = clock("10:21:10");
    world.at = clock("10:30:00");
    await daemon.pass();
    expect(decisions(world)).toEqual(["escalate no-known-good-revision", "rollback"]);
    expect(world.target.running()).toBe("v1");
  });
});
