import { describe, expect, it } from "vitest";
import type { Sample } from "../../src/signals/sample.ts";
import { clock, HOUR, INTERVAL, metricTrigger, policy, TEN } from "../support/model.ts";
import { createWorld, decisions, ofType, startDaemon, type World } from "./world.ts";

const NAMES = ["cart", "search", "login"];

const shop = (name: string) =>
  policy({
    name,
    target: { kind: "deployment", namespace: "shop", deployment: name },
    triggers: [metricTrigger({ query: { kind: "expr", expr: name } })],
  });

/** Breaching from each of the instants to the one after it. */
type Spells = readonly (readonly [from: string, to: string])[];

const breachingIn =
  (spells: Spells) =>
  (at: number): Sample => {
    const isBad = spells.some(([from, to]) => at >= clock(from) && at < clock(to));
    return { at, value: isBad ? 0.112 : 0.01 };
  };

/** Three shops, all released at ten, watched until an instant. */
async function shops(courses: readonly Spells[], until: string) {
  const world = createWorld(TEN - HOUR);
  NAMES.forEach((name, index) => world.prometheus.put(name, breachingIn(courses[index] ?? [])));
  const daemon = startDaemon(world, ...NAMES.map(shop));
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  await daemon.passUntil(clock(until));
  return { world, daemon };
}

const acted = (world: World) => ofType(world, "rollback.started").map(({ policy: by }) => by);

describe("trap 30: three targets that begin to breach one after the other", () => {
  it.each([
    ["a slot apart", "10:01:15", "10:01:30"],
    ["within half a window", "10:02:00", "10:03:15"],
  ])("%s: none is rolled back", async (_, second, third) => {
    const from = ["10:01:00", second, third];
    const { world } = await shops(
      from.map((begin) => [[begin, "23:00:00"]]),
      "10:09:00",
    );
    expect(acted(world)).toEqual([]);
    expect(decisions(world)).toEqual(Array.from({ length: 3 }, () => "escalate mass-breach"));
    const [first] = ofType(world, "decision.made");
    expect(first?.summary).toMatch(/1 of 3 targets fire and 2 more are about to.*Look for a shared cause/);
  });

  it("and are healthy again before they fire: the one that goes on is rolled back", async () => {
    const { world } = await shops(
      [[["10:01:00", "23:00:00"]], [["10:01:15", "10:06:15"]], [["10:01:30", "10:06:15"]]],
      "10:07:00",
    );
    expect(decisions(world).slice(0, 2)).toEqual(["escalate mass-breach", "rollback"]);
    expect(acted(world)).toEqual(["cart"]);
  });

  it("so far apart that the first has been acted on: that one is rolled back", async () => {
    const { world } = await shops([[["10:01:00", "10:06:15"]], [["10:05:00", "23:00:00"]], []], "10:06:15");
    expect(acted(world)).toEqual(["cart"]);
  });
});

describe("trap 30: the last target of a mass breach", () => {
  const ending: readonly Spells[] = [
    [["10:01:00", "10:08:00"]],
    [["10:01:00", "10:09:00"]],
    [
      ["10:01:00", "10:12:00"],
      ["10:13:00", "23:00:00"],
    ],
  ];

  it("is not rolled back for being the last, also after a restart, until it has been quiet", async () => {
    const { world } = await shops(ending, "10:10:00");
    expect(acted(world)).toEqual([]);
    const next = startDaemon(world, ...NAMES.map(shop));
    await next.load();
    await next.passUntil(clock("10:17:45"));
    expect(acted(world)).toEqual([]);
    await next.passUntil(clock("10:18:00"));
    expect(acted(world)).toEqual(["login"]);
  });
});
