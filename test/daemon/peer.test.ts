import { expect, it } from "vitest";
import { incidentKey } from "../../src/notifications/message.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import { unchanged } from "../../src/rollback/attempts.ts";
import { clock, HOUR, MINUTE, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const TARGET = "vcci-production/vcci-api";

/** v2 breaches from 10:01; at `at` another rollbackd puts v1 back, which goes on breaching. */
async function behindPeer(at: number): Promise<{ readonly world: World; readonly daemon: Daemon }> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
  const daemon = startDaemon(world, policy());
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.pass();
  world.target.ship("v2", TEN);
  await daemon.passUntil(at - 1);
  const { effect } = world;
  const strategy = world.target.strategy("deployment", () => world.at);
  const look = await world.target.watch.reread();
  if (!look.ok || look.snapshot.release.previous === undefined) throw new Error("v2 does not run");
  const { release, uid } = look.snapshot;
  world.target.answers.splice(0);
  await strategy.act(
    {
      decisionId: "d-peer",
      policy: policy(),
      target: TARGET,
      release: release.id,
      uid,
      from: release.revision,
      to: look.snapshot.release.previous ?? release.revision,
      reason: "errors",
    },
    new AbortController().signal,
  );
  world.effect = effect;
  return { world, daemon };
}

it("a rollback of another rollbackd is left to it until it must have come to an end, and then people are called", async () => {
  const { world, daemon } = await behindPeer(clock("10:05:45"));
  await daemon.passUntil(clock("10:25:00"));
  expect(decisions(world)).toEqual([]);
  await daemon.passUntil(clock("10:27:00"));
  expect(decisions(world)).toHaveLength(1);
  expect(decisions(world)[0]).toMatch(/^escalate /u);
});

it("one that finds another rollbackd was faster calls no person and resolves nothing", async () => {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), clock("10:06:15")));
  const daemon = startDaemon(world, policy());
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.pass();
  world.target.ship("v2", TEN);
  world.target.answers.push({
    ...unchanged("superseded", "Another rollbackd rolled it back."),
    peer: "d-peer",
  });
  await daemon.passUntil(clock("10:07:00"));
  expect(ofType(world, "rollback.failed")).toMatchObject([{ peer: "d-peer", changed: false }]);
  const key = incidentKey(TARGET, `${TARGET}@2`);
  const told = world.log.records.flatMap(createTeller()).filter(({ dedupKey }) => dedupKey === key);
  expect(told.map(({ event }) => event)).toEqual(["trigger", "info"]);
  expect(told.at(-1)?.title).toContain("by another rollbackd");
});
