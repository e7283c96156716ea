import { describe, expect, test } from "vitest";
import { decideByHand } from "../../src/decisions/manual.ts";
import { TARGET_CHECKS } from "../../src/decisions/obstacles.ts";
import { HOLD_REASONS, type HoldReason } from "../../src/decisions/reason.ts";
import type { Situation } from "../../src/decisions/situation.ts";
import { HOUR, MINUTE, policy, release, revision, TEN } from "../support/model.ts";
import { OPEN } from "../support/replay.ts";
import { situation as aSituation } from "../support/situation.ts";

const at = TEN + 5 * MINUTE;
const good = revision("1", { standing: "good" });
const tried = { decisionId: "d0", at: at - HOUR, fromDigest: "digest-0" };

const situation = (changes: Partial<Situation> = {}) => aSituation({ at, ...changes });

interface Case {
  readonly binds: boolean;
  /** What makes it stand in automation's way. */
  readonly when: Partial<Situation>;
  /** What a person reads of it, in the refusal or as the warnings; nothing where it is not worth their knowing. */
  readonly says: RegExp;
}

/** The reasons that can apply to a target whatever fires; those about a trigger cannot hold a person. */
const CASES: Partial<Record<HoldReason, Case>> = {
  "log-unwritable": {
    binds: true,
    when: { gates: { ...OPEN, logUnwritable: "the disk is full" } },
    says: /^the disk is full\. Nothing is done without a record: .*ask again/,
  },
  "not-leader": {
    binds: true,
    when: { gates: { ...OPEN, notLeader: "pod-b leads" } },
    says: /^pod-b leads\. Ask the replica that leads/,
  },
  superseded: {
    binds: true,
    when: { confirmation: { notFiring: undefined, unseen: undefined, movedTo: "3" } },
    says: /now runs 3\. .*ask for a new plan/,
  },
  "release-not-reversible": {
    binds: true,
    when: { release: release({ reversible: false }) },
    says: /not reversible\. Fix forward/,
  },
  "gitops-owner": {
    binds: true,
    when: { owners: [{ tool: "argocd", name: "shop", seenIn: "label x" }] },
    says: /^Argo CD application shop \(label x\) .*Revert the commit/,
  },
  "no-known-good-revision": {
    binds: true,
    when: { earlier: [] },
    says: /none\. Deploy a version that you trust/,
  },
  "target-not-ready": {
    binds: true,
    when: { needed: { missing: ["ConfigMap shop-v1"], unseen: [] } },
    says: /^.*Fix that first, then ask again\.$/,
  },
  frozen: {
    binds: false,
    when: { gates: { ...OPEN, frozen: "token:bob froze it" } },
    says: /\(frozen\): token:bob froze it/,
  },
  "mass-breach": {
    binds: false,
    when: { gates: { ...OPEN, massBreach: "5 of 6 targets breach" } },
    says: /\(mass-breach\): 5 of 6 targets breach/,
  },
  cooldown: { binds: false, when: { lastAttemptAt: at - MINUTE }, says: /\(cooldown\): .*1 min ago/ },
  "rollback-failed": {
    binds: false,
    when: { givenUp: { at, reason: "forbidden", to: revision("1").digest } },
    says: /^$/,
  },
  "budget-exhausted": { binds: false, when: { rollbacks: [tried] }, says: /^$/ },
  "outside-guard-period": {
    binds: false,
    when: { release: release({ clockAt: at - 2 * HOUR }) },
    says: /^$/,
  },
};

const cases = HOLD_REASONS.flatMap((reason) => {
  const found = CASES[reason];
  return found === undefined ? [] : [{ reason, binds: found.binds, when: found.when, says: found.says }];
});

describe("a reason that keeps automation from acting", () => {
  test("has its case here wherever it can apply to a target", () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(TARGET_CHECKS).sort());
  });

  test.each(cases)("$reason applies in the situation that stands for it", ({ reason, when }) => {
    expect(TARGET_CHECKS[reason]?.(situation(when))).toBeDefined();
  });

  test.each(cases.filter(({ binds }) => binds))(
    "$reason binds a person, too, and says what to do",
    ({ reason, when, says }) => {
      const answer = decideByHand(situation(when), undefined);
      expect(answer).toMatchObject({ ok: false, reason });
      expect("detail" in answer && answer.detail).toMatch(says);
    },
  );

  test.each(cases.filter(({ binds }) => !binds))(
    "$reason does not bind a person, who is told of it where it is worth knowing",
    ({ when, says }) => {
      const answer = decideByHand(situation(when), undefined);
      expect(answer).toMatchObject({ ok: true, to: { name: "1" } });
      expect("warnings" in answer && answer.warnings.slice(0, -1).join("\n")).toMatch(says);
    },
  );

  test.each(["observe", "approve"] as const)("mode %s is about automation alone", (mode) => {
    expect(decideByHand(situation({ policy: policy({ mode }) }), undefined)).toMatchObject({ ok: true });
  });
});

describe("where a person goes back to", () => {
  test("the newest that is good, past newer ones that are not; else the newest unproven one", () => {
    const [newer, older] = [revision("1b"), revision("1a")];
    expect(decideByHand(situation({ earlier: [newer, good] }), undefined)).toMatchObject({ to: good });
    expect(decideByHand(situation({ earlier: [newer, older] }), undefined)).toMatchObject({ to: newer });
  });

  test("what was rolled back is not chosen, and can be named with a warning", () => {
    const only = situation({ earlier: [revision("1", { standing: "quarantined" })] });
    expect(decideByHand(only, undefined)).toMatchObject({
      ok: false,
      reason: "no-known-good-revision",
      detail: expect.stringContaining("Name one, or deploy"),
    });
    expect(decideByHand(situation({ earlier: [] }), undefined)).toMatchObject({
      ok: false,
      detail: "No earlier revision can be chosen automatically: none. Deploy a version that you trust.",
    });
    const named = decideByHand(only, "1");
    expect("warnings" in named && named.warnings).toContain("1 was rolled back before.");
  });

  test.each([
    ["2", /^2 is what runs now\. Earlier revisions: 1 \(good\)/],
    ["9", /no revision 9\. Earlier revisions: 1 \(good\)/],
  ])("%s, which is no earlier revision, is refused with those there are", (to, says) => {
    const answer = decideByHand(situation(), to);
    expect(answer).toMatchObject({ ok: false, reason: "unknown-revision" });
    expect("detail" in answer && answer.detail).toMatch(says);
  });
});

test("trap 43: before they agree a person is told that data stays as the release left it", () => {
  const answer = decideByHand(situation(), undefined);
  expect("warnings" in answer && answer.warnings).toEqual([
    "Only what runs is rolled back: databases and other data stay as 2 left them.",
  ]);
});

describe("before they agree a person is warned of a revision that", () => {
  const warned = (earlier: Situation["earlier"], changes: Partial<Situation> = {}) => {
    const plan = decideByHand(situation({ earlier, ...changes }), "1");
    return plan.ok ? plan.warnings.join("\n") : plan.detail;
  };

  test("was never proven, and not of one that was", () => {
    expect(warned([revision("1")])).toMatch(/^1 was never proven to be good\.$/mu);
    expect(warned([good])).not.toMatch(/proven/u);
  });

  test("was breaching when it was replaced, and not of an older one", () => {
    const breaching = { predecessorBreaching: true };
    expect(warned([good], { ...breaching, release: release({ previous: good }) })).toMatch(
      /^A trigger was breaching on 1 when it was replaced\.$/mu,
    );
    expect(warned([good], { ...breaching, release: release({ previous: revision("0") }) })).not.toMatch(
      /breaching/u,
    );
    expect(warned([good], { release: release({ previous: good }) })).not.toMatch(/breaching/u);
  });
});

test("where no release is known there is nothing to undo, and whoever asks is told what to look at", () => {
  expect(decideByHand(situation({ release: undefined }), undefined)).toEqual({
    ok: false,
    reason: "no-known-good-revision",
    detail:
      "No release of the target is known, so there is nothing to undo. Check that the target runs, then ask again.",
  });
});

test("whoever names a revision that is not there reads which are, or what to do where none is", () => {
  const said = (earlier: Situation["earlier"], more: Parameters<typeof release>[0] = {}) => {
    const plan = decideByHand(situation({ earlier, release: release(more) }), "99");
    return plan.ok ? "" : plan.detail;
  };
  expect(said([good, revision("0")])).toBe(
    "There is no revision 99. Earlier revisions: 1 (good), 0 (unproven). Name one of these.",
  );
  expect(said([])).toBe("There is no revision 99. Earlier revisions: none. Deploy a version that you trust.");
  expect(said([], { nothingBefore: "blue was deployed since" })).toMatch(
    /none, because blue was deployed since\./u,
  );
});

test("the revision of a group may be named with its members in any order", () => {
  const member = { name: "1", digest: "m", images: {} };
  const members = { ap: member, wk: member };
  const group = revision("ap:1,wk:1", { standing: "good", members });
  const running = release({ revision: revision("ap:2,wk:2", { members }) });
  const decided = (to: string) => decideByHand(situation({ release: running, earlier: [group] }), to);
  expect(decided("wk:1,ap:1")).toMatchObject({ ok: true, to: { name: "ap:1,wk:1" } });
  expect(decided("wk:2,ap:2")).toMatchObject({
    ok: false,
    detail: expect.stringMatching(/is what runs now/),
  });
  expect(decided("wk:1,ap:2")).toMatchObject({ ok: false, detail: expect.stringMatching(/^There is no/) });
});
