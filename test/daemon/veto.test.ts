import { expect, it } from "vitest";
import { clock, healthTrigger, HOUR, metricTrigger, MINUTE, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const VETO = "db_down";

/** v2 is shipped at ten and fires at 10:06; its trigger has a veto. */
async function badRelease(veto: (at: number) => number | "unreachable"): Promise<[World, Daemon]> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
  world.prometheus.vetoes.set(VETO, veto);
  const triggers = [metricTrigger({ unless: ["maintenance", VETO] }), healthTrigger()];
  const daemon = startDaemon(world, policy({ triggers }));
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.pass();
  world.target.ship("v2", TEN);
  return [world, daemon];
}

it("something else explains the failure: it holds, says what, and acts when that is over", async () => {
  const [world, daemon] = await badRelease((at) => (at < clock("10:08:00") ? 1 : 0));
  await daemon.passUntil(clock("10:07:45"));
  expect(decisions(world)).toEqual(["hold vetoed"]);
  const [held] = ofType(world, "decision.made");
  expect(held).toMatchObject({ veto: { expr: VETO, value: 1 } });
  expect(held?.summary).toContain("its unless is 1 now: db_down");
  expect(world.target.acts()).toBe(0);
  await daemon.passUntil(clock("10:08:00"));
  expect(decisions(world)).toEqual(["hold vetoed", "rollback"]);
  expect(ofType(world, "decision.made")[1]).not.toHaveProperty("veto");
  expect(world.target.running()).toBe("v1");
});

it("a veto that cannot be asked lets nothing act, and people are called", async () => {
  const [world, daemon] = await badRelease((at) => (at < clock("10:08:00") ? "unreachable" : 0));
  await daemon.passUntil(clock("10:07:45"));
  expect(decisions(world)).toEqual(["escalate vetoed"]);
  expect(ofType(world, "decision.made")[0]?.summary).toMatch(/unreachable: refused.*is asked again/u);
  expect(world.target.acts()).toBe(0);
  await daemon.passUntil(clock("10:08:00"));
  expect(decisions(world).at(-1)).toBe("rollback");
});

it("does not bind a person, who is told of it before they agree", async () => {
  const [, daemon] = await badRelease((at) => (at < clock("10:08:00") ? 1 : 0));
  await daemon.passUntil(clock("10:07:00"));
  expect(await daemon.commands.plan("vcci-api", { reason: "other" })).toMatchObject({
    ok: true,
    plan: {
      warnings: expect.arrayContaining([
        "This keeps automation from acting (vetoed): its unless is 1 now: db_down.",
      ]) as unknown,
    },
  });
});

it("nothing is asked while nothing fires", async () => {
  let asked = 0;
  const [, daemon] = await badRelease(() => {
    asked += 1;
    return 0;
  });
  await daemon.passUntil(clock("10:05:45"));
  expect(asked).toBe(0);
  await daemon.passUntil(clock("10:06:00"));
  expect(asked).toBe(1);
});
