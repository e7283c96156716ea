import { describe, expect, it } from "vitest";
import type { Needed } from "../../src/releases/release-context.ts";
import { clock, HOUR, INTERVAL, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const MISSING: Needed = { missing: ["ConfigMap shop-v1", "Secret shop-v1"], unseen: [] };
const FINE: Needed = { missing: [], unseen: [] };

/** v2 is shipped at ten and breaches from 10:01 on. */
async function badRelease(
  needed: () => Needed,
  mode: "enforce" | "approve" = "enforce",
): Promise<[World, Daemon]> {
  const world = createWorld(TEN - HOUR);
  world.lookForNeeded = async () => needed();
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), clock("10:30:00")));
  const daemon = startDaemon(world, policy({ mode }));
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  return [world, daemon];
}

describe("an earlier revision whose ConfigMap was pruned", () => {
  it("is not put back: people are paged once, with the names", async () => {
    const [world, daemon] = await badRelease(() => MISSING);
    await daemon.passUntil(clock("10:08:00"));
    expect(decisions(world)).toEqual(["escalate target-not-ready"]);
    expect(ofType(world, "decision.made")[0]?.summary).toContain(
      "ConfigMap shop-v1, Secret shop-v1 are missing",
    );
    expect(world.target.acts()).toBe(0);
  });

  it("is put back when a person has restored what it needs", async () => {
    let needed = MISSING;
    const [world, daemon] = await badRelease(() => needed);
    await daemon.passUntil(clock("10:07:00"));
    needed = FINE;
    await daemon.passUntil(clock("10:07:30"));
    expect(decisions(world).slice(0, 2)).toEqual(["escalate target-not-ready", "rollback"]);
  });

  it("is refused to a person who asks for it", async () => {
    const [world, daemon] = await badRelease(() => MISSING);
    await daemon.passUntil(clock("10:02:00"));
    const answer = await daemon.commands.rollback("vcci-api", { reason: "other" }, "token:alice");
    expect(answer).toMatchObject({
      ok: false,
      reason: "target-not-ready",
      detail: expect.stringContaining("ConfigMap shop-v1") as string,
    });
    expect(world.target.acts()).toBe(0);
  });
});

it("what may not be read does not keep a rollback from being done, and the record says so", async () => {
  const unseen = "Whether the Secrets exist that the earlier revision needs could not be seen: no right.";
  const [world, daemon] = await badRelease(() => ({ missing: [], unseen: [unseen] }));
  const planned = await daemon.commands.plan("vcci-api", { reason: "other" });
  expect(planned.ok && planned.plan.warnings).toContain(unseen);
  await daemon.passUntil(clock("10:07:00"));
  expect(decisions(world)[0]).toBe("rollback");
  expect(ofType(world, "decision.made")[0]?.summary).toContain(unseen);
});
