import { describe, expect, it } from "vitest";
import { addressed } from "../../src/notifications/audience.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { clock, HOUR, INTERVAL, metricTrigger, MINUTE, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, ofType, startDaemon, type World } from "./world.ts";

const ON_CALL = "token:on-call";
const vetoed = policy({ guard: 3 * HOUR, triggers: [metricTrigger({ unless: ["db:down"] })] });

/** v2 ships at ten and breaches from 10:01 until `until`; the veto is always 1. The last pass was at 10:05:45. */
async function stage(
  guarded: Policy,
  until = Number.POSITIVE_INFINITY,
): Promise<{ readonly world: World; readonly daemon: Daemon }> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00"), until));
  world.prometheus.vetoes.set("db:down", () => 1);
  const daemon = startDaemon(world, guarded);
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  await daemon.passUntil(clock("10:05:45"));
  return { world, daemon };
}

/** What the channels are sent about holds: channel, event and title. */
function told({ log }: World): readonly string[] {
  return log.records
    .flatMap(createTeller())
    .filter(({ title, event }) => /held/u.test(title) || event !== "info")
    .flatMap(addressed)
    .filter(({ channel }) => channel === "slack" || channel === "pagerduty")
    .map(({ channel, message }) => `${channel} ${message.event} ${message.title}`);
}

describe("an episode that is held", () => {
  it("by a freeze is told once to Slack with the holders, over a restart, and pages nobody", async () => {
    const { world, daemon } = await stage(policy());
    await daemon.commands.freeze("vcci-api", { untilMs: clock("10:30:00") }, ON_CALL);
    await daemon.passUntil(clock("10:15:00"));
    world.target.ship("v3", world.at);
    const after = startDaemon(world, policy());
    await after.passUntil(clock("10:29:00"));
    expect(told(world)).toEqual([
      expect.stringMatching(
        /^slack info vcci-production\/vcci-api: .*, held by a freeze of token:on-call until 10:30:00Z$/u,
      ),
    ]);
  });

  it("by several freezes names every holder with their end", async () => {
    const { world, daemon } = await stage(policy());
    await daemon.commands.freeze("vcci-api", { untilMs: clock("10:30:00") }, ON_CALL);
    await daemon.commands.freeze("vcci-api", { note: "audit" }, "token:bob");
    await daemon.passUntil(clock("10:10:00"));
    expect(told(world)[0]).toMatch(
      /a freeze of token:bob without an end and of token:on-call until 10:30:00Z$/u,
    );
  });

  it("by a veto that stays is told to Slack, pages once after an hour over a restart, and resolves with the episode", async () => {
    const { world, daemon } = await stage(vetoed, clock("11:20:00"));
    await daemon.passUntil(clock("11:05:45"));
    expect(told(world)).toEqual([expect.stringMatching(/^slack info .*held by a veto$/u)]);
    await daemon.passUntil(clock("11:06:00"));
    expect(ofType(world, "hold.prolonged")).toMatchObject([
      { reason: "vetoed", triggers: ["error-rate"], since: "2026-03-02T10:06:00.000Z", limitMs: HOUR },
    ]);
    const after = startDaemon(world, vetoed);
    await after.passUntil(clock("11:21:00"));
    const page = "vcci-production/vcci-api needs you: error-rate fires, and a veto has held it for 1 h";
    expect(told(world).slice(1, 3)).toEqual([`slack trigger ${page}`, `pagerduty trigger ${page}`]);
    const messages = world.log.records.flatMap(createTeller());
    const key = messages.find(({ title }) => title === page)?.dedupKey;
    expect(messages.filter(({ dedupKey }) => dedupKey === key).map(({ event }) => event)).toEqual([
      "trigger",
      "resolve",
    ]);
  });

  it("by a freeze pages when it outlasts the guard", async () => {
    const short = policy({ guard: 10 * MINUTE });
    const { world, daemon } = await stage(short);
    await daemon.commands.freeze("vcci-api", {}, ON_CALL);
    await daemon.passUntil(clock("10:15:45"));
    expect(ofType(world, "hold.prolonged")).toEqual([]);
    await daemon.passUntil(clock("10:30:00"));
    expect(ofType(world, "hold.prolonged")).toMatchObject([
      {
        at: "2026-03-02T10:16:00.000Z",
        reason: "frozen",
        detail: expect.stringContaining(ON_CALL) as unknown,
      },
    ]);
  });

  it("by a freeze pages after an hour when the guard never ends", async () => {
    const { world, daemon } = await stage(policy({ guard: "always" }));
    await daemon.commands.freeze("vcci-api", {}, ON_CALL);
    await daemon.passUntil(clock("11:06:00"));
    expect(ofType(world, "hold.prolonged")).toHaveLength(1);
  });

  it("is told anew in the next episode", async () => {
    const { world, daemon } = await stage(vetoed, clock("10:08:00"));
    await daemon.passUntil(clock("10:10:00"));
    world.prometheus.put("errors:ratio", breaching(clock("10:11:00")));
    await daemon.passUntil(clock("10:20:00"));
    expect(told(world).filter((line) => line.includes("held by a veto"))).toHaveLength(2);
  });

  it("pages nobody when its triggers only observe", async () => {
    const observing = policy({ mode: "observe", triggers: [metricTrigger({ mode: "observe" })] });
    const { world, daemon } = await stage(observing);
    await daemon.commands.freeze("vcci-api", {}, ON_CALL);
    await daemon.passUntil(clock("11:30:00"));
    expect(ofType(world, "hold.prolonged")).toEqual([]);
  });
});
