import { describe, expect, it } from "vitest";
import type { Again } from "../../src/rollback/act.ts";
import { unchanged } from "../../src/rollback/attempts.ts";
import type { Policy } from "../../src/rules/policy.ts";
import {
  clock,
  healthTrigger,
  HOUR,
  INTERVAL,
  metricTrigger,
  MINUTE,
  policy,
  TEN,
} from "../support/model.ts";
import { breaching, drawn } from "./fake-prometheus.ts";
import { paused } from "../support/situation.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const TARGET = "vcci-production/vcci-api";
const BUSY: Again = { kind: "again", failure: unchanged("unreachable", "429"), answer: "429" };
const DENIED: Again = {
  kind: "again",
  failure: unchanged("forbidden", "it is forbidden"),
  answer: "403",
  isRefused: true,
};

const MANY = 1_000;

/** v2 is shipped at ten and is decided to be rolled back at 10:06; each try comes to `answer` until `open` is called. */
async function trying(
  answer: Again,
  changes: Partial<Policy> = {},
): Promise<{ readonly world: World; readonly daemon: Daemon; readonly open: () => void }> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
  const daemon = startDaemon(world, policy(changes));
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.pass();
  world.target.ship("v2", TEN);
  world.target.answers.push(...Array.from({ length: MANY }, () => answer));
  await daemon.passUntil(clock("10:06:00"));
  expect(ofType(world, "rollback.started")).toHaveLength(1);
  expect(world.target.acts()).toBe(0);
  return { world, daemon, open: () => void world.target.answers.splice(0) };
}

const acted = (world: World) => decisions(world).filter((each) => each === "rollback").length;

const failures = (world: World) => ofType(world, "rollback.failed");

describe("a rollback that does not get through at once", () => {
  it("is tried again as the same decision until it does", async () => {
    const { world, daemon, open } = await trying(BUSY);
    await daemon.passUntil(clock("10:07:00"));
    open();
    await daemon.passUntil(clock("10:08:00"));
    expect(acted(world)).toBe(1);
    expect(world.target.acts()).toBe(1);
    expect(ofType(world, "rollback.verified")).toHaveLength(1);
    expect(failures(world)).toEqual([]);
  });

  it("is put on record as retrying once when a right is missing, and gets through when it is granted", async () => {
    const { world, daemon, open } = await trying(DENIED);
    await daemon.passUntil(clock("10:07:00"));
    open();
    await daemon.passUntil(clock("10:08:00"));
    expect(ofType(world, "rollback.retrying")).toMatchObject([
      { reason: "forbidden", at: "2026-03-02T10:06:00.000Z", until: "2026-03-02T10:16:00.000Z" },
    ]);
    expect(world.target.acts()).toBe(1);
  });

  it("is gone on with after a crash, within the same time-out, and is not put on record as retrying again", async () => {
    const { world } = await trying(DENIED);
    world.dropPauses();
    world.target.rehearsed = DENIED;
    const next = startDaemon(world, policy());
    await next.load();
    next.resume();
    await next.passUntil(clock("10:15:45"));
    expect(failures(world)).toEqual([]);
    await next.passUntil(clock("10:16:30"));
    expect(failures(world)).toMatchObject([{ reason: "forbidden", changed: false, gaveUp: true }]);
    expect(ofType(world, "rollback.retrying")).toHaveLength(1);
    expect(decisions(world)).toEqual(["rollback"]);
  });

  it("starts no cooldown and spends no budget when it changed nothing, also after a restart", async () => {
    const { world, daemon } = await trying(BUSY);
    await daemon.commands.freeze("vcci-api", { note: "wait" }, "token:alice");
    await daemon.passUntil(clock("10:06:30"));
    expect(failures(world)).toMatchObject([{ reason: "frozen", changed: false }]);
    const { history } = startDaemon(world, policy());
    expect(history.lastAttemptAt(TARGET)).toBeUndefined();
    expect(history.rollbacks(TARGET)).toEqual([]);
  });
});

describe("what holds a rollback between two tries ends it unchanged, and the next decision acts once that is over", () => {
  it("a freeze", async () => {
    const { world, daemon, open } = await trying(BUSY);
    await daemon.commands.freeze("vcci-api", { note: "wait" }, "token:alice");
    await daemon.passUntil(clock("10:07:00"));
    expect(failures(world)).toMatchObject([{ reason: "frozen", changed: false }]);
    expect(decisions(world)).toEqual(["rollback", "hold frozen"]);
    open();
    await daemon.commands.resume("vcci-api", {}, "token:alice");
    await daemon.passUntil(clock("10:07:15"));
    expect(decisions(world).slice(0, 3)).toEqual(["rollback", "hold frozen", "rollback"]);
    expect(world.target.acts()).toBe(1);
  });

  it("a veto", async () => {
    const veto = { isIn: false };
    const world = createWorld(TEN - HOUR);
    world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
    world.prometheus.vetoes.set("db_down", () => (veto.isIn ? 1 : 0));
    const daemon = startDaemon(world, policy({ triggers: [metricTrigger({ unless: ["db_down"] })] }));
    await daemon.load();
    world.at = TEN - MINUTE;
    await daemon.pass();
    world.target.ship("v2", TEN);
    world.target.answers.push(...Array.from({ length: MANY }, () => BUSY));
    await daemon.passUntil(clock("10:06:00"));
    veto.isIn = true;
    await daemon.passUntil(clock("10:06:30"));
    expect(failures(world)).toMatchObject([{ reason: "vetoed", changed: false }]);
    expect(failures(world)[0]?.detail).toContain("its unless is 1 now: db_down");
    veto.isIn = false;
    world.target.answers.splice(0);
    await daemon.passUntil(clock("10:06:45"));
    expect(decisions(world)).toEqual(["rollback", "hold vetoed", "rollback"]);
    expect(world.target.acts()).toBe(1);
  });

  it("an owner that would undo it", async () => {
    const { world, daemon } = await trying(BUSY);
    world.target.owners = [{ tool: "argocd", name: "shop", seenIn: "label x" }];
    await daemon.passUntil(clock("10:06:30"));
    expect(failures(world)).toMatchObject([{ reason: "gitops-owner", changed: false }]);
    expect(decisions(world)).toEqual(["rollback", "escalate gitops-owner"]);
  });

  it("a fix that was shipped", async () => {
    const { world, daemon, open } = await trying(BUSY);
    world.target.ship("v3", clock("10:06:05"));
    open();
    await daemon.passUntil(clock("10:06:30"));
    expect(failures(world)).toMatchObject([{ reason: "superseded", changed: false }]);
    expect(world.target.running()).toBe("v3");
  });

  it("a paused target", async () => {
    const { world, daemon, open } = await trying(BUSY);
    world.target.heldBack = [paused("vcci-api")];
    await daemon.passUntil(clock("10:06:30"));
    expect(failures(world)).toMatchObject([{ reason: "target-not-ready", changed: false }]);
    world.target.heldBack = [];
    open();
    await daemon.passUntil(clock("10:06:45"));
    expect(decisions(world)).toEqual(["rollback", "escalate target-not-ready", "rollback"]);
    expect(world.target.acts()).toBe(1);
  });

  it("rules that are being replaced", async () => {
    const { world, daemon } = await trying(BUSY);
    world.isRetiring = true;
    await daemon.passUntil(clock("10:06:15"));
    expect(failures(world)).toMatchObject([{ reason: "rule-changed", changed: false }]);
  });

  it("a precheck that says no by now", async () => {
    const precheck = { said: undefined as string | undefined };
    const world = createWorld(TEN - HOUR);
    world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
    world.precheck = async () => (precheck.said === undefined ? undefined : { detail: precheck.said });
    const daemon = startDaemon(world, policy());
    await daemon.load();
    world.at = TEN - MINUTE;
    await daemon.pass();
    world.target.ship("v2", TEN);
    world.target.answers.push(BUSY, BUSY, BUSY, BUSY, BUSY, BUSY);
    await daemon.passUntil(clock("10:06:15"));
    precheck.said = "a migration ran";
    await daemon.passUntil(clock("10:07:00"));
    expect(failures(world)).toMatchObject([{ reason: "release-not-reversible", changed: false }]);
    expect(world.target.acts()).toBe(0);
  });
});

describe("what the triggers say between two tries", () => {
  it("a healthy slot of every trigger that fired ends it, and the next decision needs a window after that", async () => {
    // Four of five slots are enough, so that a window may hold the healthy one.
    const triggers = [metricTrigger({ breachRatio: 0.8 })];
    const { world, daemon, open } = await trying(BUSY, { triggers });
    const healthyAt = clock("10:06:15");
    const base = breaching(clock("10:01:00"));
    world.prometheus.put("errors:ratio", (at) => (at === healthyAt ? { at, value: 0.01 } : base(at)));
    await daemon.passUntil(clock("10:06:15"));
    open();
    await daemon.passUntil(clock("10:11:15"));
    expect(failures(world)).toMatchObject([{ reason: "not-confirmed", changed: false }]);
    expect(failures(world)[0]).not.toHaveProperty("gaveUp");
    expect(world.target.acts()).toBe(0);
    await daemon.passUntil(clock("10:11:30"));
    expect(acted(world)).toBe(2);
    expect(world.target.acts()).toBe(1);
  });

  it("no try is sent while a trigger that fired is unknown, and one is when it is known to fire still", async () => {
    const { world, daemon, open } = await trying(BUSY);
    world.prometheus.put("errors:ratio", drawn("????", clock("10:06:15")));
    await daemon.passUntil(clock("10:06:15"));
    open();
    await daemon.passUntil(clock("10:07:00"));
    expect(world.target.acts()).toBe(0);
    expect(failures(world)).toEqual([]);
    world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
    await daemon.passUntil(clock("10:08:00"));
    expect(world.target.acts()).toBe(1);
  });

  it("a trigger that is healthy does not end it while another one that fired still fires", async () => {
    const triggers = [metricTrigger(), healthTrigger({ failures: 1 })];
    const world = createWorld(TEN - HOUR);
    world.prometheus.put("errors:ratio", breaching(clock("10:01:00")));
    const daemon = startDaemon(world, policy({ triggers }));
    await daemon.load();
    world.at = TEN - MINUTE;
    await daemon.pass();
    world.target.ship("v2", TEN);
    world.target.answers.push(BUSY);
    await daemon.passUntil(clock("10:05:45"));
    world.probes = [{ at: clock("10:05:50"), value: 0 }];
    await daemon.passUntil(clock("10:06:00"));
    expect(ofType(world, "rollback.started")).toMatchObject([{ fired: ["error-rate", "health"] }]);
    world.probes = [...world.probes, { at: clock("10:06:10"), value: 1 }];
    await daemon.passUntil(clock("10:06:45"));
    expect(failures(world)).toEqual([]);
    expect(world.target.acts()).toBe(1);
  });
});

describe("a rollback that a person asked for", () => {
  async function asked(times: number) {
    const world = createWorld(TEN - HOUR);
    world.prometheus.put("errors:ratio", breaching(clock("12:00:00")));
    const daemon = startDaemon(world, policy());
    await daemon.load();
    world.at = TEN - MINUTE;
    await daemon.pass();
    world.target.ship("v2", TEN);
    await daemon.passUntil(clock("10:01:00"));
    world.target.answers.push(...Array.from({ length: times }, () => BUSY));
    expect(await daemon.commands.rollback("vcci-api", { reason: "other" }, "token:alice")).toMatchObject({
      ok: true,
    });
    return { world, daemon };
  }

  it("is tried again, too, whatever triggers say, and neither freeze nor healthy slot ends it", async () => {
    const { world, daemon } = await asked(3);
    await daemon.commands.freeze("vcci-api", { note: "mine" }, "token:alice");
    await daemon.passUntil(clock("10:03:00"));
    expect(failures(world)).toEqual([]);
    expect(world.target.acts()).toBe(1);
  });

  it("is held by what makes it unsafe", async () => {
    const { world, daemon } = await asked(3);
    world.target.owners = [{ tool: "argocd", name: "shop", seenIn: "label x" }];
    await daemon.passUntil(clock("10:03:00"));
    expect(failures(world)).toMatchObject([{ reason: "gitops-owner", changed: false }]);
    expect(world.target.acts()).toBe(0);
  });
});

describe("a rollback that was given up", () => {
  const noCooldown = { cooldownMs: 0 } as const;
  async function givenUp(changes: Partial<Policy> = noCooldown) {
    const { world, daemon } = await trying(DENIED, changes);
    world.target.rehearsed = DENIED;
    await daemon.passUntil(clock("10:20:00"));
    expect(failures(world)).toMatchObject([{ reason: "forbidden", changed: false, gaveUp: true }]);
    world.target.answers.splice(0);
    return { world, daemon };
  }

  it("is one decision, whatever the cooldown, for as long as nothing changes", async () => {
    const { world, daemon } = await givenUp();
    await daemon.passUntil(clock("10:40:00"));
    expect(decisions(world)).toEqual(["rollback"]);
    expect(world.target.acts()).toBe(0);
  });

  it("stays given up after a restart", async () => {
    const { world } = await givenUp();
    const next = startDaemon(world, policy(noCooldown));
    await next.load();
    next.resume();
    await next.passUntil(clock("10:25:00"));
    expect(decisions(world)).toEqual(["rollback"]);
  });

  it("is decided about anew when the right is granted", async () => {
    const { world, daemon } = await givenUp();
    world.target.rehearsed = { kind: "applied", detail: "it would pass" };
    await daemon.passUntil(clock("10:21:00"));
    expect(acted(world)).toBe(2);
    expect(world.target.acts()).toBe(1);
  });

  it("is decided about anew when the rules change", async () => {
    const { world } = await givenUp();
    const changed = policy({ ...noCooldown, hash: "another" });
    const next = startDaemon(world, changed);
    await next.load();
    await next.passUntil(clock("10:21:00"));
    expect(acted(world)).toBe(2);
  });

  it("is decided about anew after a person's word", async () => {
    const { world, daemon } = await givenUp();
    await daemon.commands.freeze("vcci-api", { note: "look" }, "token:alice");
    await daemon.commands.resume("vcci-api", {}, "token:alice");
    await daemon.passUntil(clock("10:21:00"));
    expect(acted(world)).toBe(2);
  });

  it("is decided about anew when the owners of the target change", async () => {
    const { world, daemon } = await givenUp();
    world.target.owners = [{ tool: "helm", name: "shop", seenIn: "label x" }];
    await daemon.passUntil(clock("10:21:00"));
    expect(acted(world)).toBe(2);
  });

  it("calls people once more when the target recovered and breaches again", async () => {
    const { world, daemon } = await givenUp();
    const quiet = clock("10:21:00");
    const base = breaching(clock("10:01:00"));
    world.prometheus.put("errors:ratio", (at) => (at === quiet ? { at, value: 0.01 } : base(at)));
    await daemon.passUntil(clock("10:40:00"));
    expect(decisions(world)).toEqual(["rollback", "escalate rollback-failed"]);
    expect(world.target.acts()).toBe(0);
  });

  it("says nothing about the next release", async () => {
    const { world, daemon } = await givenUp();
    world.target.ship("v3", clock("10:20:10"));
    await daemon.passUntil(clock("10:30:00"));
    expect(decisions(world).filter((each) => each.includes("rollback-failed"))).toEqual([]);
    expect(decisions(world).length).toBeGreaterThan(1);
  });
});

it("a log of an earlier version that does not say `changed` starts the cooldown as it did", async () => {
  const { world } = await trying(BUSY);
  const [started] = ofType(world, "rollback.started");
  if (started === undefined) throw new Error("nothing was started");
  const { policy: name, target, release, decisionId } = started;
  const about = { policy: name, target, release, decisionId };
  await world.log.append(
    { type: "rollback.failed", ...about, reason: "forbidden", detail: "no" },
    world.at + INTERVAL,
  );
  const { history } = startDaemon(world, policy());
  expect(history.lastAttemptAt(TARGET)).toBe(clock("10:06:00"));
  expect(history.givenUp(TARGET)).toBeUndefined();
});
