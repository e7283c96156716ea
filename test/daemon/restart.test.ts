import { describe, expect, it } from "vitest";
import { clock, HOUR, INTERVAL, metricTrigger, MINUTE, policy, TEN } from "../support/model.ts";
import type { Grid } from "../../src/signals/range-chunks.ts";
import type { Measurable } from "../../src/signals/sampler.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

/** v2 is shipped at ten and breaches from 10:01 on, so its window is full at 10:06; the daemon has run since nine. */
async function badRelease(): Promise<{ readonly world: World; readonly daemon: Daemon }> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
  const daemon = startDaemon(world, policy());
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  return { world, daemon };
}

describe("trap 2: a daemon that is started again in mid-breach", () => {
  it("acts in the same slot as one that never stopped", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:04:00"));
    const next = startDaemon(world, policy());
    await next.load();
    // Between two slots: what it reads of the past must lie on the grid of before.
    world.at = clock("10:04:07");
    await next.pass();
    await next.passUntil(clock("10:05:45"));
    expect(decisions(world)).toEqual([]);
    await next.passUntil(clock("10:06:00"));
    expect(decisions(world)).toEqual(["rollback"]);
    expect(world.prometheus.asked.every(({ from }) => from % INTERVAL === 0)).toBe(true);
  });

  it("acts at once when the window became full while it was away", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:04:00"));
    world.at = clock("10:07:30");
    const next = startDaemon(world, policy());
    await next.load();
    await next.pass();
    expect(decisions(world)).toEqual(["rollback"]);
    expect(ofType(world, "trigger.firing")).toHaveLength(1);
  });

  it("blames nobody until the past could be read", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:04:00"));
    world.prometheus.down = "range";
    const next = startDaemon(world, policy());
    await next.load();
    await next.passUntil(clock("10:08:00"));
    expect(world.target.acts()).toBe(0);
    world.prometheus.down = "none";
    await next.passUntil(clock("10:08:15"));
    expect(decisions(world).at(-1)).toBe("rollback");
    expect(world.target.acts()).toBe(1);
  });
});

describe("slots that were missed", () => {
  it("trap 10, trap 18: are read by one range query, each once, and the window goes on", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:03:00"));
    world.prometheus.asked.length = 0;
    world.at = clock("10:04:00");
    await daemon.pass();
    expect(world.prometheus.asked).toEqual([
      { from: clock("10:03:15"), to: clock("10:04:00"), stepMs: INTERVAL },
    ]);
    await daemon.passUntil(clock("10:05:45"));
    expect(decisions(world)).toEqual([]);
    await daemon.passUntil(clock("10:06:00"));
    expect(decisions(world)).toEqual(["rollback"]);
  });

  it("trap 18: that nobody can tell of any more are gaps, not breaches", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:02:00"));
    world.prometheus.down = "all";
    await daemon.passUntil(clock("10:05:30"));
    world.prometheus.down = "none";
    await daemon.passUntil(clock("10:06:15"));
    expect(world.target.acts()).toBe(0);
  });

  it("are never judged again: late data does not change what was seen", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:03:00"));
    world.prometheus.put("errors:ratio", (at) => ({ at, value: at > clock("10:03:00") ? 0.2 : 0.01 }));
    await daemon.passUntil(clock("10:05:45"));
    expect(daemon.carried("vcci-api").watched.get("error-rate")?.track.status.window.breaching).toBe(20);
  });

  it("hold no more than what is needed, however long a daemon runs", async () => {
    const { world, daemon } = await badRelease();
    world.prometheus.put("errors:ratio", breaching(TEN + 999 * HOUR));
    await daemon.passUntil(TEN + HOUR);
    const samples = (): number | undefined =>
      daemon.carried("vcci-api").watched.get("error-rate")?.track.samples.length;
    const after = samples();
    await daemon.passUntil(TEN + 3 * HOUR);
    expect(samples()).toBe(after);
    expect(after).toBeLessThan(60);
  });
});

const shop = (name: string) =>
  policy({
    name,
    target: { kind: "deployment", namespace: "shop", deployment: name },
    triggers: [metricTrigger({ query: { kind: "expr", expr: name } })],
  });

describe("trap 30: three policies that begin to fire", () => {
  const names = ["cart", "search", "login"];

  async function shops(firing: readonly string[], world = createWorld(TEN - HOUR)): Promise<World> {
    for (const name of names) {
      world.prometheus.put(name, breaching(firing.includes(name) ? clock("10:01:00") : clock("23:00:00")));
    }
    const daemon = startDaemon(world, ...names.map(shop));
    await daemon.load();
    world.at = TEN - INTERVAL;
    await daemon.pass();
    world.target.ship("v2", TEN);
    await daemon.passUntil(clock("10:06:15"));
    return world;
  }

  it("in the same slot: none is rolled back, and each says why", async () => {
    const world = await shops(["cart", "search", "login"]);
    expect(world.target.acts()).toBe(0);
    expect(decisions(world)).toEqual(Array.from({ length: 3 }, () => "escalate mass-breach"));
  });

  it("and are answered one after the other: the first does not act before the others were measured", async () => {
    const world = createWorld(TEN - HOUR);
    const { prometheus } = world;
    const late = async ({ query }: Measurable): Promise<void> => {
      const turns = query.kind === "expr" ? names.indexOf(query.expr) : 0;
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    };
    const staggered = {
      ...prometheus,
      sampleAt: (trigger: Measurable, at: number) =>
        late(trigger).then(() => prometheus.sampleAt(trigger, at)),
      sampleRange: (trigger: Measurable, grid: Grid) =>
        late(trigger).then(() => prometheus.sampleRange(trigger, grid)),
    };
    const seen = await shops(names, { ...world, prometheus: staggered });
    expect(seen.target.acts()).toBe(0);
    expect(decisions(seen)).toEqual(Array.from({ length: 3 }, () => "escalate mass-breach"));
  });

  it("one alone is rolled back", async () => {
    const world = await shops(["search"]);
    expect(world.target.acts()).toBe(1);
    expect(ofType(world, "rollback.started").map(({ policy: by }) => by)).toEqual(["search"]);
  });
});

describe("a disk that is full after the act", () => {
  it("is tried again until the act is on record, and it is not done twice", async () => {
    const { world, daemon } = await badRelease();
    const { effect } = world;
    world.effect = async (name, run) => {
      const result = await effect(name, run);
      if (name === "act") world.full = true;
      return result;
    };
    await daemon.passUntil(clock("10:06:15"));
    expect(world.target.acts()).toBe(1);
    expect(ofType(world, "rollback.applied")).toEqual([]);
    world.full = false;
    await expect.poll(() => ofType(world, "rollback.verified").length, { timeout: 30 * 1_000 }).toBe(1);
    expect(ofType(world, "rollback.applied")).toHaveLength(1);
    await daemon.passUntil(clock("10:06:15") + MINUTE);
    expect(world.target.acts()).toBe(1);
  });
});
