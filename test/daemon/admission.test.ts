import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { clock, HOUR, INTERVAL, MINUTE, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, ofType, startDaemon, type World } from "./world.ts";

/** v2 breaches and is rolled back; admission adds a sidecar to what is put back. */
function changedByAdmission(): World {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), clock("10:06:15")));
  world.target.admit = (digest) => `${digest}+proxy`;
  world.verify = async ({ to }) => ({ kind: "verified", steps: [to.digest] });
  return world;
}

async function begin(world: World) {
  const daemon = startDaemon(world, policy());
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.pass();
  world.target.ship("v2", TEN);
  await daemon.passUntil(clock("10:06:00"));
  return daemon;
}

/** Another daemon with the same log and the same cluster. */
async function startAgain(world: World): Promise<void> {
  world.at += INTERVAL;
  const next = startDaemon(world, policy());
  await next.load();
  next.resume();
}

async function verifiedAs(world: World, digest: string): Promise<void> {
  await eventually("the rollback is verified", () =>
    expect(ofType(world, "rollback.verified")).toMatchObject([{ steps: [digest] }]),
  );
}

describe("a rollback whose template admission changed", () => {
  it("is recorded with what runs, and verified", async () => {
    const world = changedByAdmission();
    await begin(world);
    await verifiedAs(world, "v1+proxy");
    expect(ofType(world, "rollback.applied")).toMatchObject([{ runs: { digest: "v1+proxy" } }]);
    expect(ofType(world, "rollback.failed")).toEqual([]);
  });

  it("is verified by the daemon that starts after the record", async () => {
    const world = changedByAdmission();
    const { effect } = world;
    world.effect = (name, run) => (name === "verify" ? new Promise(() => undefined) : effect(name, run));
    await begin(world);
    await eventually("it is applied", () => expect(ofType(world, "rollback.applied")).toHaveLength(1));
    world.effect = effect;
    await startAgain(world);
    await verifiedAs(world, "v1+proxy");
    expect(world.target.acts()).toBe(1);
  });

  it("is found again when the daemon stopped between the act and its record", async () => {
    const world = changedByAdmission();
    const { effect } = world;
    world.effect = async <T>(name: Parameters<World["effect"]>[0], run: () => Promise<T>): Promise<T> => {
      const answer = await effect(name, run);
      return name === "act" ? new Promise<never>(() => undefined) : answer;
    };
    await begin(world);
    world.effect = effect;
    await startAgain(world);
    await verifiedAs(world, "v1+proxy");
    expect(ofType(world, "rollback.applied")).toMatchObject([{ runs: { digest: "v1+proxy" } }]);
    expect(world.target.acts()).toBe(1);
  });
});
