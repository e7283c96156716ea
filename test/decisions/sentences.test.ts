import { describe, expect, test } from "vitest";
import { massBreach } from "../../src/decisions/mass-breach.ts";
import { obstaclesTo } from "../../src/decisions/obstacles.ts";
import type { FiringTrigger, Situation } from "../../src/decisions/situation.ts";
import { metricStatus } from "../../src/engine/metric-status.ts";
import type { Blame } from "../../src/releases/blame.ts";
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
import { situation as aSituation } from "../support/situation.ts";

const trigger = metricTrigger();
const at = TEN + 5 * MINUTE;
const status = metricStatus(trigger, INTERVAL, slots("!".repeat(21)));
const firing: FiringTrigger = { trigger, status, blame: blameOf("blamed"), loadedAt: 0 };
const id = "revision 2";
const rolledBack = (ago: number) => ({ decisionId: "d0", at: at - ago, fromDigest: "digest-0" });

/** All that stands in the way, "reason: sentence". */
function said(changes: Partial<Situation>, of: Partial<FiringTrigger> = {}): readonly string[] {
  const situation = aSituation({ at, ...changes });
  return obstaclesTo(situation, { ...firing, ...of }).map(
    ({ reason, kind, detail }) => `${reason} (${kind}): ${detail}`,
  );
}

describe("what stands in the way is said with its numbers", () => {
  test("nothing does", () => {
    expect(said({})).toEqual([]);
  });

  test("no release is known", () => {
    expect(said({ release: undefined }, { blame: undefined })).toEqual([
      "outside-guard-period (escalate): no release of the target is known",
      "no-known-good-revision (escalate): no release of the target is known",
    ]);
  });

  test.each([
    [
      'Could not list deployments in namespace "shop": forbidden. Add to the Role of rollbackd\'s account in namespace "shop": {apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"]}',
    ],
    ["Could not list pods: Unauthorized. Check the token or client certificate"],
    [
      "Could not list pods: no answer from https://10.0.0.1 (connect ECONNREFUSED). Check that the API server runs.",
    ],
  ])("a target that cannot be seen is said as that, not as a release that is too old: %s", (unseen) => {
    expect(said({ release: undefined, unseen }, { blame: undefined })).toEqual([
      `not-confirmed (escalate): what the target runs cannot be seen: ${unseen.replace(/\.$/u, "")}`,
    ]);
  });

  test("outside the guard period: how long it has been live", () => {
    const old = release({ clockAt: at - 2 * HOUR });
    expect(said({ release: old })).toEqual([
      `outside-guard-period (escalate): ${id} has been live for 2 h, longer than the guard period of 1 h`,
    ]);
    expect(said({ release: old, policy: policy({ guard: "always" }) })).toEqual([]);
  });

  describe("a breach that predates the release: the last known slot before it, its age, and what followed", () => {
    const text = (basis: Partial<Blame["basis"]>) =>
      said({}, { blame: blameOf("breach-predates-release", basis) }).join();
    const breached = { at: TEN - 15_000, verdict: "breaching", firing: false } as const;

    test("without a gap", () => {
      expect(text({ before: breached })).toBe(
        `breach-predates-release (escalate): the last known slot before ${id} breached at 09:59:45Z, 15 s before it started, and no known slot since then was healthy`,
      );
    });

    test("with a gap after it, also across the start of the release", () => {
      const knownAgainAt = TEN + 2 * MINUTE;
      expect(text({ before: breached, lostSight: true, knownAgainAt })).toMatch(
        /15 s before it started; unknown from then until 10:02:00Z, and no known slot since then was healthy$/,
      );
    });

    test("where the trigger was firing long before", () => {
      const before = { at: TEN - 40 * MINUTE, verdict: "breaching", firing: true } as const;
      expect(text({ before, lostSight: true })).toMatch(
        /the last known slot before revision 2 was firing at 09:20:00Z, 40 min before it started; unknown/,
      );
    });

    test("is no reason against what rollbackd put back", () => {
      expect(
        said({ release: release({ cause: "rollback" }) }, { blame: blameOf("breach-predates-release") }),
      ).toEqual(["no-known-good-revision (escalate): revision 2 is itself what rollbackd put back"]);
    });
  });

  describe("a window that does not count: since when slots count, and what is known from before", () => {
    const text = (changes: Partial<Blame>) =>
      said({}, { blame: { ...blameOf("window-before-release"), ...changes } }).join();
    const { basis } = blameOf("window-before-release");
    const countsFrom = TEN + 3 * MINUTE;
    const before = { at: TEN - 20 * MINUTE, verdict: "healthy", firing: false } as const;

    test("it was healthy right before", () => {
      expect(text({})).toBe(
        `window-before-release (hold): its window begins at 10:00:00Z, before ${id} started at 10:00:00Z`,
      );
    });

    test("the last known slot is too old to say", () => {
      const unsure = { ...basis, before, lostSight: true, knownAgainAt: TEN + MINUTE };
      expect(text({ past: "unknown", countsFrom, basis: unsure })).toBe(
        `window-before-release (hold): its window begins at 10:00:00Z, and only what is measured from 10:03:00Z counts against ${id}: the last known slot before ${id} was healthy at 09:40:00Z, 20 min before it started; unknown from then until 10:01:00Z`,
      );
      expect(text({ past: "unknown", countsFrom, basis: { ...unsure, knownAgainAt: undefined } })).toMatch(
        /; unknown since then$/,
      );
    });

    test("nothing is known from before", () => {
      const none = { ...basis, before: undefined };
      expect(text({ past: "unknown", countsFrom, basis: none })).toMatch(
        /: nothing is known from the hour before revision 2 started at 10:00:00Z$/,
      );
    });

    test("it breached before and was healthy after", () => {
      const breached = { ...before, verdict: "breaching" } as const;
      const healed = { ...basis, before: breached, healthySince: true };
      expect(text({ past: "breaching", countsFrom, basis: healed })).toMatch(
        /breached at 09:40:00Z, 20 min before it started, and a later slot was healthy$/,
      );
    });

    test("no pod of the release was ready yet", () => {
      expect(text({ past: "unknown", countsFrom: undefined, basis: { ...basis, before } })).toMatch(
        /^window-before-release \(hold\): nothing counts against revision 2 before its first pod is ready: the last/,
      );
    });

    test("the time before the release was not read yet", () => {
      expect(said({}, { blame: undefined })).toEqual([
        `window-before-release (hold): how things stood before ${id} is not known yet`,
      ]);
    });
  });

  test("a rule that was changed inside the window", () => {
    expect(said({}, { loadedAt: TEN + MINUTE })).toEqual([
      "rule-changed (hold): the rule was loaded at 2026-03-02 10:01:00Z, inside the window; it may act once a whole window began after that",
    ]);
    expect(said({}, { loadedAt: TEN })).toEqual([]);
  });

  test("the cooldown and the budget: what was spent, and how long ago", () => {
    expect(said({ rollbacks: [rolledBack(14 * MINUTE)] })).toEqual([
      "cooldown (escalate): the last rollback of the target began 14 min ago, and its cooldown of 15 min ends at 2026-03-02 10:06:00Z",
      "budget-exhausted (escalate): 1 of 1 rollbacks in 1 d are spent; the next one is possible at 2026-03-03 09:51:00Z",
    ]);
    expect(said({ lastAttemptAt: at - MINUTE })).toEqual([
      "cooldown (escalate): the last rollback of the target began 1 min ago, and its cooldown of 15 min ends at 2026-03-02 10:19:00Z",
    ]);
    expect(said({ rollbacks: [rolledBack(24 * HOUR)] })).toEqual([]);
  });

  test("no revision to go back to: which there are, and why none will do", () => {
    const bad = [revision("1"), revision("0", { standing: "quarantined" })];
    expect(
      said({ earlier: bad, release: release({ previous: revision("1") }), predecessorBreaching: true }),
    ).toEqual([
      "no-known-good-revision (escalate): none of the earlier revisions will do: revision 1, unproven; revision 0, quarantined; the predecessor was breaching too",
    ]);
    expect(said({ earlier: [revision("0", { standing: "quarantined" })] })).toEqual([
      "no-known-good-revision (escalate): none of the earlier revisions will do: revision 0, quarantined",
    ]);
    expect(said({ earlier: [] })).toEqual([
      "no-known-good-revision (escalate): nothing ran before revision 2",
    ]);
    const why = release({ nothingBefore: "blue:3 was deployed after the switch" });
    expect(said({ earlier: [], release: why })).toEqual([
      "no-known-good-revision (escalate): there is nothing to go back to from revision 2: blue:3 was deployed after the switch",
    ]);
  });

  test("a second look: quiet by now is no news, still firing on a target that nobody sees is", () => {
    const confirmation = { notFiring: undefined, unseen: undefined, movedTo: undefined };
    expect(said({ confirmation })).toEqual([]);
    expect(said({ confirmation: { ...confirmation, notFiring: "it is 0.01 now" } })).toEqual([
      "not-confirmed (hold): it is 0.01 now",
    ]);
    expect(
      said({ confirmation: { ...confirmation, unseen: "no answer", notFiring: "it is 0.01 now" } }),
    ).toEqual(["not-confirmed (hold): it is 0.01 now"]);
    expect(said({ confirmation: { ...confirmation, unseen: "no answer" } })).toEqual([
      "not-confirmed (escalate): no answer",
    ]);
    const unseenAndObserved = said(
      { confirmation: { ...confirmation, unseen: "no answer" } },
      { trigger: metricTrigger({ mode: "observe" }) },
    );
    expect(unseenAndObserved.at(1)).toBe("observe-mode (hold): the trigger is in observe mode");
    expect(said({ confirmation: { ...confirmation, movedTo: "vcci-api@3" } })).toEqual([
      "superseded (hold): the target now runs vcci-api@3",
    ]);
  });

  test("many targets at once: how many of how many", () => {
    const heats = { a: "firing", b: "firing", c: "firing", d: "quiet" } as const;
    const all = Object.entries(heats).map(([target, heat]) => ({ target, heat }));
    expect(massBreach("a", all, new Set())).toBe(
      "3 of 4 targets fire at once, which no single release explains",
    );
  });
});
