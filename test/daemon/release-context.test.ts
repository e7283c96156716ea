import { describe, expect, it } from "vitest";
import type { ReleaseContext, Subject } from "../../src/releases/release-context.ts";
import { clock, HOUR, INTERVAL, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const CONTEXT: ReleaseContext = { changes: ["- containers.api.image: api:1"], unseen: ["Something."] };

/** v2 ships at ten and breaches from 10:01 on. `asked` has what was looked into. */
async function stage(
  look: () => Promise<ReleaseContext> = async () => CONTEXT,
): Promise<{ readonly world: World; readonly daemon: Daemon; readonly asked: Subject[] }> {
  const asked: Subject[] = [];
  const world = createWorld(TEN - HOUR);
  world.lookInto = (subject) => {
    asked.push(subject);
    return look();
  };
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
  const daemon = startDaemon(world, policy());
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  return { world, daemon, asked };
}

describe("what a release changed", () => {
  it("is on record with the decision", async () => {
    const { world, daemon, asked } = await stage();
    await daemon.passUntil(clock("10:06:00"));
    expect(ofType(world, "decision.made")).toMatchObject([{ decision: "rollback", context: CONTEXT }]);
    expect(asked).toMatchObject([{ revision: { digest: "v2" }, previous: { digest: "v1" }, startedAt: TEN }]);
  });

  it("is looked at once for a decision that stays the same, not in each slot", async () => {
    const { world, daemon, asked } = await stage();
    await daemon.commands.freeze("vcci-api", {}, "token:alice");
    await daemon.passUntil(clock("10:10:00"));
    expect(decisions(world)).toEqual(["hold frozen"]);
    expect(asked).toHaveLength(1);
  });

  it("is looked at once, too, while the precheck's no stands", async () => {
    const { world, asked } = await stage();
    world.precheck = async () => ({ detail: "a column was dropped" });
    const checked = startDaemon(world, policy());
    await checked.load();
    await checked.passUntil(clock("10:10:00"));
    expect(ofType(world, "decision.made")).toMatchObject([
      { decision: "escalate", reason: "release-not-reversible", context: CONTEXT },
    ]);
    expect(asked).toHaveLength(1);
  });

  it("is on record, too, when a person rolls back", async () => {
    const { world, daemon } = await stage();
    await daemon.passUntil(clock("10:00:45"));
    await daemon.commands.rollback("vcci-api", { reason: "other" }, "token:alice");
    expect(ofType(world, "decision.made")).toMatchObject([{ trigger: "manual", context: CONTEXT }]);
  });

  it("decides nothing: without it the decision is the same", async () => {
    const { world, daemon } = await stage(async () => ({}));
    await daemon.passUntil(clock("10:06:00"));
    expect(decisions(world)).toEqual(["rollback"]);
    expect(world.target.running()).toBe("v1");
  });
});
