import { describe, expect, it } from "vitest";
import {
  clock,
  healthTrigger,
  HOUR,
  INTERVAL,
  metricTrigger,
  MINUTE,
  policy,
  SECOND,
  TEN,
} from "../support/model.ts";
import { breaching, drawn } from "./fake-prometheus.ts";
import { fakeTarget } from "./fake-target.ts";
import { createWorld, type Daemon, decisions, ofType, startDaemon, type World } from "./world.ts";

const EXPR = "errors:ratio";

/** v2 is shipped at ten and breaches from 10:01 on, so it fires at 10:06. Rules were loaded long before. */
async function badRelease(
  changes: Parameters<typeof policy>[0] = {},
): Promise<{ readonly world: World; readonly daemon: Daemon }> {
  const world = createWorld(TEN - HOUR);
  world.prometheus.put(EXPR, breaching(clock("10:01:00")));
  const daemon = startDaemon(world, policy(changes));
  await daemon.load();
  world.at = TEN - MINUTE;
  await daemon.passUntil(TEN - INTERVAL);
  world.target.ship("v2", TEN);
  return { world, daemon };
}

describe("a bad release", () => {
  it("is rolled back once, in the slot in which its window is full", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:05:45"));
    expect(decisions(world)).toEqual([]);
    await daemon.passUntil(clock("10:06:00"));
    expect(decisions(world)).toEqual(["rollback"]);
    expect(world.target.running()).toBe("v1");
    await daemon.passUntil(clock("10:30:00"));
    expect(world.target.acts()).toBe(1);
  });

  it("leaves records of each step in the order of the effects", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:06:00"));
    expect(world.log.records.map(({ type }) => type)).toEqual([
      "rules.loaded",
      "release.observed",
      "release.ready",
      "release.promoted",
      "release.superseded",
      "release.observed",
      "release.ready",
      "trigger.pending",
      "trigger.firing",
      "decision.made",
      "rollback.started",
      "rollback.applied",
      "rollback.verified",
    ]);
  });

  it("trap 7: no second rollback follows from the window that is still breaching", async () => {
    const { world, daemon } = await badRelease({ cooldownMs: 0, budget: { rollbacks: 9, perMs: HOUR } });
    await daemon.passUntil(clock("10:12:00"));
    expect(world.target.acts()).toBe(1);
    expect(decisions(world)).toEqual(["rollback", "escalate no-known-good-revision"]);
  });

  it("trap 22: what was put back breaches too: no ping-pong, and people are called", async () => {
    const { world, daemon } = await badRelease({ cooldownMs: MINUTE, budget: { rollbacks: 9, perMs: HOUR } });
    const relapse = clock("10:10:00");
    const fault = breaching(clock("10:01:00"), clock("10:06:15"));
    world.prometheus.put(EXPR, (at) => (at >= relapse ? { at, value: 0.2 } : fault(at)));
    await daemon.passUntil(clock("10:30:00"));
    expect(world.target.acts()).toBe(1);
    expect(decisions(world)).toEqual(["rollback", "escalate no-known-good-revision"]);
  });

  it("trap 23: a quarantined version that a person ships again is respected, marked, and guarded afresh", async () => {
    const { world, daemon } = await badRelease({ cooldownMs: MINUTE, budget: { rollbacks: 9, perMs: HOUR } });
    world.prometheus.put(EXPR, (at) => breaching(clock("10:01:00"), clock("10:06:15"))(at));
    await daemon.passUntil(clock("10:10:00"));
    world.target.ship("v2", clock("10:10:00"));
    await daemon.passUntil(clock("10:20:00"));
    expect(world.target.running()).toBe("v2");
    expect(ofType(world, "release.observed").map(({ digest, quarantined }) => [digest, quarantined])).toEqual(
      [
        ["v1", false],
        ["v2", false],
        ["v1", false],
        ["v2", true],
      ],
    );
    world.prometheus.put(EXPR, breaching(clock("10:20:15")));
    await daemon.passUntil(clock("10:25:15"));
    expect(decisions(world)).toEqual(["rollback", "rollback"]);
    expect(world.target.running()).toBe("v1");
  });
});

describe("a decision", () => {
  it("is recorded when it changes, not once a slot", async () => {
    const { world, daemon } = await badRelease({ guard: 5 * MINUTE });
    await daemon.passUntil(clock("10:30:00"));
    expect(decisions(world)).toEqual(["escalate outside-guard-period"]);
  });

  it("observe-mode alone says that it would have acted", async () => {
    const { world, daemon } = await badRelease({ triggers: [metricTrigger({ mode: "observe" })] });
    await daemon.passUntil(clock("10:10:00"));
    const made = ofType(world, "decision.made");
    expect(made.map(({ decision, reason, otherReasons }) => [decision, reason, otherReasons])).toEqual([
      ["hold", "observe-mode", []],
    ]);
    expect(made.at(0)?.summary).toContain("Would have rolled back");
    expect(world.target.acts()).toBe(0);
  });

  it("that a second look does not confirm is recorded once, and acted upon when a later look does", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:05:45"));
    world.prometheus.down = "range";
    await daemon.passUntil(clock("10:07:00"));
    expect(decisions(world)).toEqual(["hold not-confirmed"]);
    expect(world.target.acts()).toBe(0);
    world.prometheus.down = "none";
    await daemon.passUntil(clock("10:07:15"));
    expect(decisions(world)).toEqual(["hold not-confirmed", "rollback"]);
    expect(world.target.acts()).toBe(1);
  });

  it("trap 21: a fix that is shipped between decision and act supersedes, and nothing is undone", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:05:45"));
    world.target.stale = true;
    world.target.ship("v3", clock("10:05:50"));
    await daemon.passUntil(clock("10:06:15"));
    expect(decisions(world)).toEqual(["hold superseded"]);
    expect(world.target.running()).toBe("v3");
  });

  it("is another one when the same thing happens again after all has resolved", async () => {
    const { world, daemon } = await badRelease({ guard: MINUTE });
    world.prometheus.put(EXPR, (at) => {
      const inEpisode = (at >= clock("10:05:00") && at < clock("10:15:00")) || at >= clock("10:20:00");
      return { at, value: inEpisode ? 0.2 : 0.01 };
    });
    await daemon.passUntil(clock("10:30:00"));
    expect(decisions(world)).toEqual(["escalate outside-guard-period", "escalate outside-guard-period"]);
  });

  it("is another one in a new episode also while some other trigger is never known", async () => {
    const unseen = metricTrigger({ name: "p95", query: { kind: "expr", expr: "nobody:exports" } });
    const { world, daemon } = await badRelease({ guard: MINUTE, triggers: [metricTrigger(), unseen] });
    world.prometheus.put(EXPR, (at) => {
      const inEpisode = (at >= clock("10:05:00") && at < clock("10:15:00")) || at >= clock("10:20:00");
      return { at, value: inEpisode ? 0.2 : 0.01 };
    });
    await daemon.passUntil(clock("10:30:00"));
    expect(decisions(world)).toEqual(["escalate outside-guard-period", "escalate outside-guard-period"]);
  });

  it("of an episode that only went out of sight is not told again", async () => {
    const { world, daemon } = await badRelease({ guard: MINUTE });
    world.prometheus.put(EXPR, drawn(`${"!".repeat(24)}??!`, clock("10:01:00")));
    await daemon.passUntil(clock("10:15:00"));
    expect(ofType(world, "trigger.unknown")).toHaveLength(1);
    expect(decisions(world)).toEqual(["escalate outside-guard-period"]);
  });

  it("carries what it was made of", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:06:00"));
    const [made] = ofType(world, "decision.made");
    expect(made?.evidence).toMatchObject([
      { trigger: "error-rate", query: EXPR, threshold: "above 5%", rulesHash: "h1" },
    ]);
    expect(made?.evidence.at(0)?.samples).toHaveLength(21);
    expect(made).toMatchObject({
      from: { revision: "2", digest: "v2" },
      to: { revision: "1", digest: "v1" },
    });
  });
});

describe("the target", () => {
  it("that cannot be seen for a while in mid-breach is not acted upon, and blamed as before when it is seen again", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:04:00"));
    world.target.trouble = { ok: false, reason: "unknown-version", detail: "two versions run" };
    await daemon.passUntil(clock("10:07:00"));
    expect(world.target.acts()).toBe(0);
    expect(decisions(world)).toEqual(["escalate not-confirmed"]);
    world.target.trouble = undefined;
    await daemon.passUntil(clock("10:07:15"));
    expect(world.target.acts()).toBe(1);
  });

  it("that is out of sight for a slot does not lose what had fired when it comes to proving it", async () => {
    const { world, daemon } = await badRelease({ provenAfterMs: 8 * MINUTE, guard: MINUTE });
    world.prometheus.put(EXPR, breaching(clock("10:01:00"), clock("10:07:00")));
    await daemon.passUntil(clock("10:07:15"));
    world.target.trouble = { ok: false, reason: "unknown-version", detail: "two versions run" };
    await daemon.passUntil(clock("10:07:30"));
    world.target.trouble = undefined;
    await daemon.passUntil(clock("10:14:30"));
    expect(ofType(world, "release.promoted").map(({ digest }) => digest)).not.toContain("v2");
    await daemon.passUntil(clock("10:15:00"));
    expect(ofType(world, "release.promoted").map(({ digest }) => digest)).toContain("v2");
  });
});

describe("a release", () => {
  it("is promoted once it is proven, and its standing is marked on the target", async () => {
    const world = createWorld(TEN - HOUR);
    world.prometheus.put(EXPR, drawn(".", 0));
    const daemon = startDaemon(world, policy());
    await daemon.load();
    world.target.ship("v2", TEN - HOUR + MINUTE);
    await daemon.passUntil(TEN + 45 * SECOND);
    expect(ofType(world, "release.promoted").map(({ digest }) => digest)).toEqual([]);
    await daemon.passUntil(TEN + 2 * MINUTE);
    expect(ofType(world, "release.promoted")).toHaveLength(1);
    expect(world.marked).toEqual(["v2 good"]);
  });

  it("is promoted, and the pass goes on, also when the mark cannot be written", async () => {
    const world = createWorld(TEN);
    world.prometheus.put(EXPR, drawn(".", 0));
    world.markStanding = () => Promise.reject(new Error("forbidden"));
    const daemon = startDaemon(world, policy());
    await daemon.load();
    await daemon.passUntil(TEN + INTERVAL);
    expect(ofType(world, "release.promoted")).toHaveLength(1);
    expect(daemon.warnings.join("")).toContain("forbidden");
  });

  it("whose records could only be written half is told whole once the log can be written", async () => {
    const { world, daemon } = await badRelease();
    const { effect } = world;
    let taken = 0;
    world.effect = (name, run) => {
      if (name.startsWith("append")) {
        world.full = taken >= 1;
        taken += 1;
      }
      return effect(name, run);
    };
    await daemon.passUntil(TEN);
    world.effect = effect;
    world.full = false;
    await daemon.gate.retry();
    await daemon.passUntil(TEN + MINUTE);
    expect(world.log.records.slice(4, 7).map(({ type }) => type)).toEqual([
      "release.superseded",
      "release.observed",
      "release.ready",
    ]);
  });

  it("of another target under the same policy name supersedes nothing", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(TEN);
    const before = ofType(world, "release.superseded").length;
    const elsewhere = { kind: "deployment", namespace: "vcci-production", deployment: "web" } as const;
    const target = fakeTarget("vcci-production/web", { digest: "w1", at: TEN - HOUR });
    const next = startDaemon(
      { ...createWorld(world.at), log: world.log, target },
      policy({ target: elsewhere }),
    );
    await next.pass();
    expect(ofType(world, "release.superseded")).toHaveLength(before);
    expect(ofType(world, "release.observed").at(-1)?.release).toBe("vcci-production/web@1");
  });
});

describe("a new release whose past cannot be read", () => {
  it("is not proven by the hours of the one before, and by its own once they can be read", async () => {
    const { world, daemon } = await badRelease({ provenAfterMs: 10 * MINUTE });
    world.prometheus.put(EXPR, drawn(".", 0));
    await daemon.passUntil(clock("10:30:00"));
    world.prometheus.down = "range";
    world.target.ship("v3", clock("10:15:00"));
    await daemon.passUntil(clock("10:31:00"));
    expect(ofType(world, "release.promoted").map(({ digest }) => digest)).toEqual(["v1", "v2"]);
    world.prometheus.down = "none";
    await daemon.passUntil(clock("10:31:15"));
    expect(ofType(world, "release.promoted").map(({ digest }) => digest)).toEqual(["v1", "v2", "v3"]);
  });
});

describe("sight", () => {
  it("trap 19: blind is told once, sighted once, with the time in between", async () => {
    const { world, daemon } = await badRelease();
    world.prometheus.put(EXPR, drawn(".", 0));
    await daemon.passUntil(TEN);
    world.prometheus.down = "all";
    await daemon.passUntil(clock("10:02:00"));
    expect(ofType(world, "evaluation.blind")).toHaveLength(0);
    await daemon.passUntil(clock("10:08:00"));
    expect(ofType(world, "evaluation.blind")).toMatchObject([{ since: "2026-03-02T10:00:15.000Z" }]);
    world.prometheus.down = "none";
    await daemon.passUntil(clock("10:09:00"));
    expect(ofType(world, "evaluation.sighted")).toMatchObject([{ blindMs: 8 * MINUTE }]);
    expect(decisions(world)).toEqual([]);
  });

  it("trap 19: blindness of a policy that only observes is recorded as such, and again once it acts", async () => {
    const { world, daemon } = await badRelease({ triggers: [metricTrigger({ mode: "observe" })] });
    world.prometheus.down = "all";
    await daemon.passUntil(clock("10:08:00"));
    const since = "2026-03-02T10:00:00.000Z";
    expect(ofType(world, "evaluation.blind")).toMatchObject([{ since, observes: true }]);
    const acting = startDaemon(world, policy());
    await acting.load();
    await acting.passUntil(clock("10:12:00"));
    expect(ofType(world, "evaluation.blind")).toHaveLength(2);
    expect(ofType(world, "evaluation.blind")[1]).toMatchObject({ since });
    expect(ofType(world, "evaluation.blind")[1]?.observes).toBeUndefined();
  });

  it("trap 19: a trigger that is unknown for reasons of its own is told apart from blindness, once", async () => {
    const { world, daemon } = await badRelease();
    world.prometheus.put(EXPR, (at) =>
      at < clock("10:01:00") ? { at, value: 0.01 } : { at, unknown: "no-data" },
    );
    await daemon.passUntil(clock("10:10:45"));
    expect(ofType(world, "evaluation.no-data")).toEqual([]);
    await daemon.passUntil(clock("10:30:00"));
    expect(ofType(world, "evaluation.no-data")).toMatchObject([
      {
        trigger: "error-rate",
        since: "2026-03-02T10:01:00.000Z",
        reason: expect.stringContaining("no-data"),
      },
    ]);
    expect(ofType(world, "evaluation.blind")).toEqual([]);
    expect(decisions(world)).toEqual([]);
    // It sees again, and is silent again: that is news again, as long as the release is guarded.
    world.prometheus.put(EXPR, (at) =>
      at < clock("10:31:00") ? { at, value: 0.01 } : { at, unknown: "low-traffic" },
    );
    await daemon.passUntil(clock("10:41:00"));
    expect(ofType(world, "evaluation.no-data")).toHaveLength(2);
  });

  it("trap 19: outside the guard period silence is nobody's business", async () => {
    const { world, daemon } = await badRelease();
    world.prometheus.put(EXPR, (at) =>
      at < clock("10:55:00") ? { at, value: 0.01 } : { at, unknown: "no-data" },
    );
    await daemon.passUntil(clock("11:30:00"));
    expect(ofType(world, "evaluation.no-data")).toEqual([]);
  });

  it("that returns after a restart was lost for as long as the log says", async () => {
    const { world, daemon } = await badRelease();
    world.prometheus.put(EXPR, drawn(".", 0));
    await daemon.passUntil(TEN);
    world.prometheus.down = "all";
    await daemon.passUntil(clock("10:05:00"));
    world.prometheus.down = "none";
    const next = startDaemon(world, policy());
    await next.passUntil(clock("10:05:15"));
    expect(ofType(world, "evaluation.sighted")).toMatchObject([{ blindMs: 5 * MINUTE }]);
  });

  it("of nothing to query any more is told as sighted", async () => {
    const { world, daemon } = await badRelease();
    world.prometheus.down = "all";
    await daemon.passUntil(clock("10:05:00"));
    const next = startDaemon(world, policy({ triggers: [healthTrigger()] }));
    await next.pass();
    expect(ofType(world, "evaluation.sighted")).toHaveLength(1);
  });
});

describe("a log that cannot be written", () => {
  it("trap 36: no act, people told once, and all on record once it can be written", async () => {
    const { world, daemon } = await badRelease();
    await daemon.passUntil(clock("10:01:00"));
    world.full = true;
    await daemon.passUntil(clock("10:10:00"));
    expect(world.target.acts()).toBe(0);
    expect(new Set(daemon.told.map(({ reason }) => reason))).toEqual(new Set(["log-unwritable"]));
    world.full = false;
    await daemon.gate.retry();
    await daemon.passUntil(clock("10:10:15"));
    expect(decisions(world)).toEqual(["rollback"]);
    expect(ofType(world, "trigger.firing")).toHaveLength(1);
    expect(world.target.acts()).toBe(1);
  });

  it("from the very record of the decision on: nobody is told of a rollback that does not happen", async () => {
    const { world, daemon } = await badRelease();
    const { effect } = world;
    world.effect = (name, run) => {
      if (name === "append decision.made") world.full = true;
      return effect(name, run);
    };
    await daemon.passUntil(clock("10:06:00"));
    expect(world.target.acts()).toBe(0);
    expect(daemon.told.map(({ decision, reason }) => [decision, reason])).toEqual([
      ["escalate", "log-unwritable"],
    ]);
  });

  it("from the record of the start on: nothing is done until it can be written", async () => {
    const { world, daemon } = await badRelease();
    const { effect } = world;
    world.effect = (name, run) => {
      if (name === "append rollback.started") world.full = true;
      return effect(name, run);
    };
    await daemon.passUntil(clock("10:06:30"));
    expect(world.target.acts()).toBe(0);
    world.effect = effect;
    world.full = false;
    await daemon.gate.retry();
    await daemon.passUntil(clock("10:06:45"));
    expect(world.target.acts()).toBe(1);
  });
});

describe("an edit of the rules", () => {
  it("trap 11: a changed trigger is shown from history and acts only on a window since it was loaded", async () => {
    const { world } = await badRelease();
    const edited = policy({
      triggers: [metricTrigger({ hash: "h9", threshold: { op: "above", value: 0.04, text: "4%" } })],
    });
    world.at = clock("10:05:52");
    const daemon = startDaemon(world, edited);
    await daemon.load();
    await daemon.passUntil(clock("10:06:00"));
    expect(decisions(world)).toEqual(["hold rule-changed"]);
    await daemon.passUntil(clock("10:10:45"));
    expect(world.target.acts()).toBe(0);
    await daemon.passUntil(clock("10:11:00"));
    expect(world.target.acts()).toBe(1);
  });

  it("a trigger that is gone from the rules has stopped, and no longer keeps an episode open", async () => {
    const other = metricTrigger({ name: "p95" });
    const { world, daemon } = await badRelease({ guard: MINUTE, triggers: [metricTrigger(), other] });
    await daemon.passUntil(clock("10:06:00"));
    expect(ofType(world, "trigger.firing").map(({ trigger }) => trigger)).toEqual(["error-rate", "p95"]);
    const next = startDaemon(world, policy({ guard: MINUTE }));
    await next.load();
    await next.passUntil(clock("10:06:15"));
    expect(ofType(world, "trigger.resolved")).toMatchObject([{ trigger: "p95", from: "firing" }]);
  });
});
