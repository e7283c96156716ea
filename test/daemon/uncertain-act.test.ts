import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { clock, HOUR, INTERVAL, MINUTE, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, ofType, startDaemon, type World } from "./world.ts";

const AWAY = { ok: false, reason: "unreachable", detail: "no answer from the API server" } as const;

/** v2 breaches; what the act, once decided, passes through is up to `act`. */
async function deciding(
  act: () => Promise<never>,
): Promise<{ readonly world: World; readonly daemon: Daemon }> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
  const daemon = startDaemon(world, policy());
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.pass();
  world.target.ship("v2", TEN);
  const { effect } = world;
  world.effect = (name, run) => (name === "act" ? act() : effect(name, run));
  await daemon.passUntil(clock("10:06:00"));
  world.effect = effect;
  return { world, daemon };
}

/** Ended between the intent and the act, and started again while the API server is away. */
async function startedWithoutSight(): Promise<{ readonly world: World; readonly next: Daemon }> {
  const { world } = await deciding(() => new Promise(() => undefined));
  world.at += INTERVAL;
  world.target.trouble = AWAY;
  const next = startDaemon(world, policy());
  await next.load();
  next.resume();
  await new Promise(setImmediate);
  return { world, next };
}

describe("trap 20: an intent without its act, after a start that cannot see the target", () => {
  it("is carried out once the target can be seen, as long as it is about the present", async () => {
    const { world, next } = await startedWithoutSight();
    expect(ofType(world, "rollback.failed")).toEqual([]);
    world.target.trouble = undefined;
    await eventually("the rollback ends", async () => {
      await next.pass();
      expect(ofType(world, "rollback.verified")).toHaveLength(1);
    });
    expect(world.target.acts()).toBe(1);
  });

  it("ends as interrupted once it is not", async () => {
    const { world } = await startedWithoutSight();
    world.at += policy().rollback.timeoutMs;
    await eventually("the rollback ends", () => expect(ofType(world, "rollback.failed")).toHaveLength(1));
    expect(ofType(world, "rollback.failed")).toMatchObject([{ reason: "interrupted" }]);
    expect(world.target.acts()).toBe(0);
  });
});

describe("trap 25: an act that a stop of the daemon left half done", () => {
  const half = { kind: "failed", reason: "partly-applied", detail: "api was moved, worker was not" } as const;
  /** Started again `laterMs` after the intent; the target shows that some of it was moved. */
  async function startedHalfWay(
    laterMs: number,
    meanwhile: (daemon: Daemon) => Promise<unknown> = async () => undefined,
  ): Promise<World> {
    const { world, daemon } = await deciding(() => new Promise(() => undefined));
    await meanwhile(daemon);
    world.at += laterMs;
    world.effect = (name, run) => (name === "inspect" ? Promise.resolve(half as never) : run());
    const next = startDaemon(world, policy());
    await next.load();
    next.resume();
    await new Promise(setImmediate);
    await next.pass();
    return world;
  }

  it("is not called unchanged where a person froze automation meanwhile: people hear what was moved", async () => {
    const world = await startedHalfWay(INTERVAL, (daemon) =>
      daemon.commands.freeze("vcci-api", { note: "wait for me" }, "token:alice"),
    );
    await eventually("the rollback ends", () => expect(ofType(world, "rollback.failed")).toHaveLength(1));
    const [failed] = ofType(world, "rollback.failed");
    expect(failed?.reason).toBe("partly-applied");
    expect(failed?.detail).toMatch(/^api was moved, worker was not.*token:alice froze it.*wait for me/u);
    expect(world.target.acts()).toBe(0);
  });

  it("is finished as long as it is about the present", async () => {
    const world = await startedHalfWay(INTERVAL);
    await eventually("the rollback ends", () => expect(ofType(world, "rollback.verified")).toHaveLength(1));
  });

  it("is left as it is later, and people are told which of it was done; the budget is spent", async () => {
    const world = await startedHalfWay(policy().rollback.timeoutMs);
    await eventually("the rollback ends", () => expect(ofType(world, "rollback.failed")).toHaveLength(1));
    expect(ofType(world, "rollback.failed")).toMatchObject([
      { reason: "partly-applied", detail: half.detail },
    ]);
    const { history } = startDaemon(world, policy());
    expect(history.rollbacks("vcci-production/vcci-api")).toHaveLength(1);
    expect(world.target.acts()).toBe(0);
  });
});

describe("an act that breaks off with an error nobody foresaw", () => {
  it("has an end on record, so that people hear of it and the target is decided about again", async () => {
    const { world, daemon } = await deciding(() => Promise.reject(new TypeError("spec is undefined")));
    expect(ofType(world, "rollback.failed")).toMatchObject([{ reason: "interrupted" }]);
    expect(ofType(world, "rollback.failed").at(0)?.detail).toContain("spec is undefined");
    expect(daemon.history.open("vcci-production/vcci-api")).toBeUndefined();
    // It may have changed the target: it counts as the one act that the budget allows.
    expect(daemon.history.rollbacks("vcci-production/vcci-api")).toHaveLength(1);
  });
});
