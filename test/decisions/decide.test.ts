import { describe, expect, test } from "vitest";
import { decide } from "../../src/decisions/decide.ts";
import { type Heat, massBreach, type TargetHeat } from "../../src/decisions/mass-breach.ts";
import { HOLD_REASONS, kindOf } from "../../src/decisions/reason.ts";
import type { FiringTrigger, Situation } from "../../src/decisions/situation.ts";
import { metricStatus } from "../../src/engine/metric-status.ts";
import {
  blameOf,
  HOUR,
  INTERVAL,
  metricTrigger,
  MINUTE,
  policy,
  release,
  revision,
  slots,
  TEN,
} from "../support/model.ts";
import { OPEN } from "../support/replay.ts";
import { paused, situation as aSituation } from "../support/situation.ts";

const at = TEN + 5 * MINUTE;
const confirmed = { notFiring: undefined, unseen: undefined, movedTo: undefined };

function firing(changes: Partial<FiringTrigger> = {}, trigger = metricTrigger()): FiringTrigger {
  return {
    trigger,
    status: metricStatus(trigger, INTERVAL, slots("!".repeat(21))),
    blame: blameOf("blamed"),
    loadedAt: TEN - HOUR,
    ...changes,
  };
}

const situation = (changes: Partial<Situation> = {}) =>
  aSituation({ at, firing: [firing()], confirmation: confirmed, ...changes });

const rolledBack = (ago: number) => ({ decisionId: "d0", at: at - ago, fromDigest: "digest-0" });

/** Each row alone stops an otherwise clear rollback, in the order of the reasons. */
const OBSTACLES: readonly [string, Partial<Situation>][] = [
  ["log-unwritable", { gates: { ...OPEN, logUnwritable: "disk full" } }],
  ["not-leader", { gates: { ...OPEN, notLeader: "held by another" } }],
  ["frozen", { gates: { ...OPEN, frozen: "frozen by ada" } }],
  ["mass-breach", { gates: { ...OPEN, massBreach: "3 of 4" } }],
  ["outside-guard-period", { release: release({ clockAt: at - HOUR - 1 }) }],
  ["breach-predates-release", { firing: [firing({ blame: blameOf("breach-predates-release") })] }],
  ["window-before-release", { firing: [firing({ blame: blameOf("window-before-release") })] }],
  ["rule-changed", { firing: [firing({ loadedAt: TEN + 1 })] }],
  ["superseded", { confirmation: { ...confirmed, movedTo: "revision 3" } }],
  ["release-not-reversible", { release: release({ reversible: false }) }],
  ["vetoed", { firing: [firing({ veto: { expr: "db_down", value: 1, detail: "its unless is 1" } })] }],
  [
    "cooldown",
    { rollbacks: [rolledBack(14 * MINUTE)], policy: policy({ budget: { rollbacks: 2, perMs: HOUR } }) },
  ],
  ["budget-exhausted", { rollbacks: [rolledBack(16 * MINUTE)] }],
  ["gitops-owner", { owners: [{ tool: "argocd", name: "shop", seenIn: "label" }] }],
  ["no-known-good-revision", { earlier: [] }],
  ["target-not-ready", { heldBack: [paused("api")] }],
  ["not-confirmed", { confirmation: { ...confirmed, notFiring: "0.01 now" } }],
  ["awaiting-approval", { firing: [firing({}, metricTrigger({ mode: "approve" }))] }],
  ["observe-mode", { firing: [firing({}, metricTrigger({ mode: "observe" }))] }],
];

describe("a decision", () => {
  test("nothing fires: none is taken", () => {
    expect(decide(situation({ firing: [] }))).toBeUndefined();
  });

  test("nothing stands in the way: roll back to the good revision", () => {
    const decided = decide(situation());
    expect(decided?.decision).toEqual({ decision: "rollback", reason: "rollback", otherReasons: [] });
    expect(decided?.to?.name).toBe("1");
  });

  test.each(OBSTACLES)("%s stops it, alone", (reason, changes) => {
    const decided = decide(situation(changes));
    expect(decided?.decision).toEqual({
      decision: kindOf(reason as Parameters<typeof kindOf>[0]),
      reason,
      otherReasons: [],
    });
    expect(decided?.obstacles[0]?.detail).not.toBe("");
  });

  test("the first in order is the reason, the others stand beside it", () => {
    for (let i = 0; i < OBSTACLES.length; i += 1) {
      for (let j = i + 1; j < OBSTACLES.length; j += 1) {
        const [first, a] = OBSTACLES[i] ?? ["", {}];
        const [second, b] = OBSTACLES[j] ?? ["", {}];
        if (Object.keys(a).some((key) => key in b)) continue;
        const { decision } = decide(situation({ ...a, ...b })) ?? {};
        expect(decision).toMatchObject({ reason: first });
        expect(decision?.otherReasons).toContain(second);
      }
    }
  });

  test("the order of reasons is the documented one", () => {
    const known = OBSTACLES.map(([reason]) => reason);
    expect(HOLD_REASONS.filter((reason) => known.includes(reason))).toEqual(known);
  });

  test("of several firing triggers the one closest to acting decides", () => {
    const blocked = firing({ blame: blameOf("window-before-release") }, metricTrigger({ name: "p95" }));
    const decided = decide(situation({ firing: [blocked, firing()] }));
    expect(decided?.firing.trigger.name).toBe("error-rate");
    expect(decided?.decision.decision).toBe("rollback");
  });

  test.each([
    ["only watches", firing({}, metricTrigger({ name: "p95", mode: "observe" }))],
    ["only waits", firing({ blame: blameOf("window-before-release") }, metricTrigger({ name: "p95" }))],
    ["was just edited", firing({ loadedAt: TEN + 1 }, metricTrigger({ name: "p95" }))],
  ])("a trigger that %s does not keep another one from calling for help", (_, quiet) => {
    const incident = firing({ blame: blameOf("breach-predates-release") });
    const decided = decide(situation({ firing: [quiet, incident] }));
    expect(decided?.firing.trigger.name).toBe("error-rate");
    expect(decided?.decision).toMatchObject({ decision: "escalate", reason: "breach-predates-release" });
  });

  test("one that acts does so whatever another one needs people for", () => {
    const incident = firing({ blame: blameOf("breach-predates-release") });
    const acting = firing({}, metricTrigger({ name: "p95" }));
    expect(decide(situation({ firing: [incident, acting] }))?.decision.decision).toBe("rollback");
  });

  test("a target that cannot be looked at is not acted on, and people are told", () => {
    const unseen = { ...confirmed, unseen: "the API server does not answer" };
    expect(decide(situation({ confirmation: unseen }))?.decision).toMatchObject({
      decision: "escalate",
      reason: "not-confirmed",
    });
    expect(decide(situation({ confirmation: { ...unseen, notFiring: "0.01 now" } }))?.decision).toMatchObject(
      {
        decision: "hold",
      },
    );
  });

  test("a veto that nobody can tell of is not acted against, and people are told", () => {
    const open = firing({ veto: { expr: "db_down", detail: "it is not known" } });
    expect(decide(situation({ firing: [open] }))?.decision).toMatchObject({
      decision: "escalate",
      reason: "vetoed",
    });
  });

  test("while the time before the release is not known, nobody is blamed", () => {
    expect(decide(situation({ firing: [firing({ blame: undefined })] }))?.decision.reason).toBe(
      "window-before-release",
    );
  });

  test("trap 21: a fix shipped in time supersedes, nothing is undone", () => {
    expect(
      decide(situation({ confirmation: { ...confirmed, movedTo: "revision 3" } }))?.decision,
    ).toMatchObject({
      decision: "hold",
      reason: "superseded",
    });
  });

  test("no known release: nobody to blame", () => {
    expect(decide(situation({ release: undefined }))?.decision).toMatchObject({
      decision: "escalate",
      reason: "outside-guard-period",
    });
  });

  test("guard: always never ends", () => {
    const always = situation({ policy: policy({ guard: "always" }), release: release({ clockAt: 0 }) });
    expect(decide(always)?.decision.decision).toBe("rollback");
  });

  test("the last instant of the guard period is inside it, and a clock that has not begun is too", () => {
    expect(decide(situation({ release: release({ clockAt: at - HOUR }) }))?.decision.decision).toBe(
      "rollback",
    );
    expect(decide(situation({ release: release({ clockAt: undefined }) }))?.decision.decision).toBe(
      "rollback",
    );
  });

  test("cooldown and budget end at their last instant", () => {
    const rich = policy({ budget: { rollbacks: 2, perMs: 24 * HOUR } });
    const after = (ago: number, p = policy()) =>
      decide(situation({ policy: p, rollbacks: [rolledBack(ago)] }))?.decision.reason;
    expect(after(15 * MINUTE - 1, rich)).toBe("cooldown");
    expect(after(15 * MINUTE, rich)).toBe("rollback");
    expect(after(24 * HOUR - 1)).toBe("budget-exhausted");
    expect(after(24 * HOUR)).toBe("rollback");
  });

  test("an attempt that changed nothing cools down, but spends no budget", () => {
    const after = (ago: number) => decide(situation({ lastAttemptAt: at - ago }))?.decision.reason;
    expect(after(15 * MINUTE - 1)).toBe("cooldown");
    expect(after(15 * MINUTE)).toBe("rollback");
  });

  test("a window that began at the instant its rule was loaded may act", () => {
    expect(decide(situation({ firing: [firing({ loadedAt: TEN })] }))?.decision.decision).toBe("rollback");
  });
});

describe("the revision to go back to", () => {
  const target = (changes: Partial<Situation>) => decide(situation(changes))?.to?.name;
  const v = (name: string, standing: "good" | "unproven" | "quarantined") => revision(name, { standing });
  const five = { release: release({ revision: v("5", "unproven"), previous: v("4", "unproven") }) };

  test("is the newest good one", () => {
    expect(target({ ...five, earlier: [v("4", "unproven"), v("3", "good"), v("2", "good")] })).toBe("3");
  });

  test("is the predecessor when none is proven", () => {
    expect(target({ ...five, earlier: [v("4", "unproven"), v("3", "unproven")] })).toBe("4");
  });

  test("is not a predecessor that was breaching itself", () => {
    expect(target({ ...five, earlier: [v("4", "unproven")], predecessorBreaching: true })).toBeUndefined();
  });

  test("trap 23: is never a quarantined one", () => {
    expect(target({ ...five, earlier: [v("4", "quarantined"), v("3", "unproven")] })).toBeUndefined();
    expect(target({ ...five, earlier: [v("4", "quarantined"), v("3", "good")] })).toBe("3");
  });

  test("trap 22: a breach that goes on after a rollback is not the release's predecessor's", () => {
    const stillBroken = situation({
      release: release({ cause: "rollback" }),
      firing: [firing({ blame: blameOf("breach-predates-release") })],
      rollbacks: [rolledBack(10 * MINUTE)],
    });
    expect(decide(stillBroken)?.decision).toEqual({
      decision: "escalate",
      reason: "cooldown",
      otherReasons: ["budget-exhausted", "no-known-good-revision"],
    });
  });

  test("trap 22: what rollbackd put back is not rolled back further", () => {
    const restored = release({ cause: "rollback" });
    expect(decide(situation({ release: restored, earlier: [v("0", "good")] }))?.decision).toMatchObject({
      decision: "escalate",
      reason: "no-known-good-revision",
    });
  });
});

function fleetOf(counts: Partial<Record<Heat, number>>): readonly TargetHeat[] {
  return (["firing", "near", "quiet"] as const).flatMap((heat) =>
    Array.from({ length: counts[heat] ?? 0 }, (_, index) => ({ target: `${heat}-${index}`, heat })),
  );
}

describe("a mass breach", () => {
  test.each([
    { firing: 1, of: 1, mass: false },
    { firing: 2, of: 2, mass: false },
    { firing: 3, of: 3, mass: true },
    { firing: 3, of: 7, mass: true },
    { firing: 3, of: 8, mass: false },
    { firing: 4, of: 10, mass: true },
    { firing: 3, of: 10, mass: false },
  ])("trap 30: $firing of $of targets: $mass", ({ firing: count, of, mass }) => {
    const all = fleetOf({ firing: count, quiet: of - count });
    expect(massBreach("firing-0", all, new Set()) !== undefined).toBe(mass);
  });

  test("trap 30: several triggers of one target are one target", () => {
    const all = Array.from({ length: 3 }, () => ({ target: "a", heat: "firing" }) as const);
    expect(massBreach("a", all, new Set())).toBeUndefined();
  });
});

describe("in approve mode", () => {
  const ask = (answer?: FiringTrigger["answer"]) => {
    const asking = firing(answer && { answer }, metricTrigger({ mode: "approve" }));
    return decide(situation({ firing: [asking] }))?.decision;
  };

  test("a person is asked, and paged for it", () => {
    expect(ask()).toMatchObject({ decision: "escalate", reason: "awaiting-approval" });
  });

  test("nobody is paged again who has said no", () => {
    expect(ask({ kind: "declined", detail: "ada rejected it" })).toMatchObject({
      decision: "hold",
      reason: "awaiting-approval",
    });
  });

  test("an approval lets it act, and is needed for nothing in enforce mode", () => {
    expect(ask({ kind: "approved", decisionId: "d1", by: "ada" })).toMatchObject({ decision: "rollback" });
    const declined = firing({ answer: { kind: "declined", detail: "ada rejected it" } });
    expect(decide(situation({ firing: [declined] }))?.decision).toMatchObject({ decision: "rollback" });
  });
});
