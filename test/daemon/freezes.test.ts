import { describe, expect, it } from "vitest";
import { createTeller } from "../../src/notifications/teller.ts";
import { clock, HOUR, INTERVAL, metricTrigger, policy, TEN } from "../support/model.ts";
import { breaching } from "./fake-prometheus.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const ALICE = "token:alice";
const BOT = "kubernetes:ci-bot";

/** v2 ships at ten and breaches from 10:01 on; the last pass was at `at`. */
async function stage(
  at = clock("10:05:45"),
  guarded = policy(),
): Promise<{ readonly world: World; readonly daemon: Daemon }> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
  const daemon = startDaemon(world, guarded);
  await daemon.load();
  world.at = TEN - INTERVAL;
  await daemon.pass();
  world.target.ship("v2", TEN);
  await daemon.passUntil(at);
  return { world, daemon };
}

function messages(world: World, title: RegExp): readonly string[] {
  return world.log.records
    .flatMap(createTeller())
    .filter((message) => title.test(message.title))
    .map((message) => [message.title, ...message.lines].join("\n"));
}

describe("freezes of several holders", () => {
  it("hold until the last end although a later one was shorter", async () => {
    const { world, daemon } = await stage();
    await daemon.commands.freeze("vcci-api", { untilMs: clock("10:09:00") }, ALICE);
    const short = await daemon.commands.freeze("vcci-api", { untilMs: world.at + 6_000 }, BOT);
    expect(short).toMatchObject({
      ok: true,
      until: new Date(world.at + 6_000).toISOString(),
      freezes: [{ holder: ALICE, until: "2026-03-02T10:09:00.000Z" }, { holder: BOT }],
    });
    await daemon.passUntil(clock("10:09:00"));
    expect(decisions(world)).toEqual(["hold frozen"]);
    expect(ofType(world, "freeze.expired").map(({ holder }) => holder)).toEqual([BOT, ALICE]);
    expect(messages(world, /another stands/u)).toEqual([
      expect.stringContaining(`stays frozen: ${ALICE} until 2026-03-02 10:09:00Z`),
    ]);
  });

  it("are remembered one by one over a restart", async () => {
    const { world, daemon } = await stage();
    await daemon.commands.freeze("vcci-api", {}, ALICE);
    await daemon.commands.freeze("vcci-api", { untilMs: clock("10:06:30") }, BOT);
    const after = startDaemon(world, policy());
    await after.passUntil(clock("10:08:00"));
    expect(decisions(world)).toEqual(["hold frozen"]);
    expect(await after.commands.resume("vcci-api", {}, ALICE)).toEqual({
      ok: true,
      holder: ALICE,
      freezes: [],
    });
    await after.reconsider();
    expect(decisions(world)).toEqual(["hold frozen", "rollback"]);
  });

  it("are replaced by their own holder alone", async () => {
    const { world, daemon } = await stage();
    await daemon.commands.freeze("vcci-api", {}, ALICE);
    await daemon.commands.freeze("vcci-api", {}, BOT);
    const again = await daemon.commands.freeze("vcci-api", { untilMs: clock("10:30:00") }, BOT);
    expect(again).toMatchObject({ freezes: [{ holder: ALICE }, { holder: BOT, until: /10:30/u }] });
    expect(messages(world, /is frozen/u).at(-1)).toMatch(
      /replaces the freeze of kubernetes:ci-bot without an end/u,
    );
  });
});

describe("resume", () => {
  it("is refused with the holders' names and the commands when the freeze is another's", async () => {
    const { daemon, world } = await stage();
    await daemon.commands.freeze("vcci-api", { untilMs: clock("12:00:00") }, ALICE);
    expect(await daemon.commands.resume("vcci-api", {}, BOT)).toEqual({
      ok: false,
      kind: "refused",
      reason: "not-holder",
      holders: [ALICE],
      detail: `You (${BOT}) hold no freeze of vcci-api. It is frozen by ${ALICE} until 2026-03-02 12:00:00Z. To end a freeze of another holder: rollbackd resume vcci-api --holder ${ALICE}`,
    });
    expect(await daemon.commands.resume("vcci-api", { holder: "token:bob" }, BOT)).toMatchObject({
      reason: "not-holder",
      detail: expect.stringContaining("token:bob holds no freeze") as unknown,
    });
    expect(ofType(world, "operator.resume")).toEqual([]);
  });

  it.each([ALICE, "alice"])("ends another's freeze when it names %s, on record and told", async (holder) => {
    const { daemon, world } = await stage();
    await daemon.commands.freeze("vcci-api", {}, ALICE);
    expect(await daemon.commands.resume("vcci-api", { holder }, BOT)).toMatchObject({
      ok: true,
      holder: ALICE,
    });
    expect(ofType(world, "operator.resume")).toMatchObject([{ by: BOT, holder: ALICE }]);
    expect(messages(world, /^vcci-api is resumed$/u)[0]).toContain(`${BOT} ended the freeze of ${ALICE}.`);
  });

  it("ends one's own and says what stands still", async () => {
    const { daemon, world } = await stage();
    await daemon.commands.freeze("vcci-api", {}, ALICE);
    await daemon.commands.freeze("vcci-api", {}, BOT);
    expect(await daemon.commands.resume("vcci-api", {}, BOT)).toMatchObject({ freezes: [{ holder: ALICE }] });
    await daemon.passUntil(clock("10:07:00"));
    expect(decisions(world)).toEqual(["hold frozen"]);
  });
});

describe("the end of a freeze while a trigger fires", () => {
  it("is announced once before it comes, over a restart, and the first decision waits for a whole slot", async () => {
    const { world, daemon } = await stage(clock("10:06:15"));
    const { world: other, daemon: held } = await stage();
    await held.commands.freeze("vcci-api", { untilMs: clock("10:15:00") }, ALICE);
    await held.passUntil(clock("10:09:45"));
    expect(ofType(other, "freeze.ending")).toEqual([]);
    await held.passUntil(clock("10:11:00"));
    const after = startDaemon(other, policy());
    await after.passUntil(clock("10:15:00"));
    expect(ofType(other, "freeze.ending")).toMatchObject([
      { at: "2026-03-02T10:10:00.000Z", holder: ALICE, triggers: ["error-rate"] },
    ]);
    expect(messages(other, /ends at/u)[0]).toMatch(
      /^The freeze of vcci-api ends at 10:15:00Z, and error-rate fires\n.*10:15:15Z/u,
    );
    expect(decisions(other)).toEqual(["hold frozen"]);
    await after.passUntil(clock("10:15:15"));
    expect(decisions(other)).toEqual(["hold frozen", "rollback"]);
    expect([ofType(world, "freeze.ending"), daemon.warnings]).toEqual([[], []]);
  });

  it("is announced again when the end was moved, and not while another freeze outlasts it", async () => {
    const { world, daemon } = await stage();
    await daemon.commands.freeze("vcci-api", { untilMs: clock("10:08:00") }, ALICE);
    await daemon.passUntil(clock("10:06:30"));
    await daemon.commands.freeze("vcci-api", { untilMs: clock("10:12:00") }, ALICE);
    await daemon.commands.freeze("vcci-api", { untilMs: clock("10:20:00") }, BOT);
    await daemon.passUntil(clock("10:16:00"));
    expect(ofType(world, "freeze.ending").map(({ holder, until }) => [holder, until.slice(11, 16)])).toEqual([
      [ALICE, "10:08"],
      [BOT, "10:20"],
    ]);
  });

  it("is not announced when nothing that may act fires", async () => {
    const observing = policy({ mode: "observe", triggers: [metricTrigger({ mode: "observe" })] });
    const { world, daemon } = await stage(clock("10:05:45"), observing);
    await daemon.commands.freeze("vcci-api", { untilMs: clock("10:08:00") }, ALICE);
    await daemon.passUntil(clock("10:09:00"));
    expect(ofType(world, "freeze.ending")).toEqual([]);
  });
});

it("a freeze is refused when its end is no instant", async () => {
  const { world, daemon } = await stage();
  for (const untilMs of [Number.NaN, Number.POSITIVE_INFINITY, 9e15]) {
    const answer = await daemon.commands.freeze("vcci-api", { untilMs }, ALICE);
    expect(answer).toMatchObject({ ok: false, kind: "invalid" });
  }
  expect(ofType(world, "operator.freeze")).toEqual([]);
});
