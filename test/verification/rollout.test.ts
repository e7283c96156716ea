import { describe, expect, test } from "vitest";
import { templateDigest } from "../../src/releases/deployment-digest.ts";
import type { HeldBack } from "../../src/releases/held-back.ts";
import type { Lookup } from "../../src/releases/watch.ts";
import type { RolloutFact } from "../../src/verification/judge.ts";
import { rolloutFact } from "../../src/verification/rollout.ts";
import { policy, revision, TEN } from "../support/model.ts";
import { template } from "../releases/deployment-fixture.ts";
import { paused } from "../support/situation.ts";
import { order, seen } from "./situation.ts";

const COMPLETE: RolloutFact = { kind: "complete", at: TEN - 1, detail: "3 of 3" };
const unseen: Lookup = { ok: false, reason: "unreachable", detail: "connection refused" };
const [v1, v2, v3] = [revision("1"), revision("2"), revision("3")];
const half = { complete: false, stalled: false, detail: "1 of 3" };

describe("after a rollback from 2 to 1", () => {
  const cases: readonly (readonly [string, Lookup, RolloutFact | undefined, Partial<RolloutFact>])[] = [
    ["all of 1 runs", seen(v1), undefined, { kind: "complete", at: TEN }],
    ["some of 1 runs", seen(v1, half), undefined, { kind: "running", stalled: false, detail: "1 of 3" }],
    ["1 is stuck", seen(v1, { ...half, stalled: true }), undefined, { kind: "running", stalled: true }],
    [
      "a pod of 2 holds 1 up",
      seen(v1, { ...half, blockedBy: "web-2" }),
      undefined,
      { kind: "running", stalled: false, blocked: true },
    ],
    ["2 still runs, however well", seen(v2), undefined, { kind: "running", stalled: false }],
    ["2 still runs and is stuck", seen(v2, { ...half, stalled: true }), undefined, { stalled: false }],
    ["trap 21: 3 was shipped", seen(v3), undefined, { kind: "superseded" }],
    ["3 was shipped after 1 was there", seen(v3), COMPLETE, { kind: "superseded" }],
    ["trap 28: 2 came back", seen(v2), COMPLETE, { kind: "superseded" }],
    ["it was made anew", seen(v1, undefined, "another"), undefined, { kind: "superseded" }],
    ["a pod of 1 was lost later", seen(v1, half), COMPLETE, COMPLETE],
    ["nobody can see", unseen, undefined, { kind: "running", stalled: false }],
    ["nobody can see it any more", unseen, COMPLETE, COMPLETE],
  ];
  test.each(cases)("%s", (_, lookup, before, expected) => {
    expect(rolloutFact(order(), lookup, TEN, before)).toMatchObject(expected);
  });

  const held = (lookup: Lookup, ...heldBack: readonly HeldBack[]): Lookup =>
    lookup.ok ? { ...lookup, snapshot: { ...lookup.snapshot, heldBack } } : lookup;

  test("a paused Deployment with the earlier template waits for a person, who is given the command that resumes it", () => {
    expect(rolloutFact(order(), held(seen(v1, half), paused("api")), TEN, undefined)).toEqual({
      kind: "running",
      stalled: false,
      blocked: true,
      detail:
        "1 of 3; api is still paused and has the earlier template again; resume it: kubectl -n shop rollout resume deployment/api",
    });
    expect(rolloutFact(order(), held(seen(v1), paused("api")), TEN, undefined)).toMatchObject({
      kind: "complete",
      detail: expect.stringContaining("resume it: kubectl -n shop rollout resume deployment/api") as string,
    });
  });

  test("the command that resumes a paused Deployment is not named while it has the template of the release", () => {
    const fact = rolloutFact(order(), held(seen(v2, half), paused("api")), TEN, undefined);
    expect(fact.kind === "running" && fact.detail).not.toContain("resume");
  });

  test.each([
    ["OnDelete", "delete now: kubectl -n shop delete pod db-1 db-2"],
    [
      "partition",
      `kubectl -n shop patch statefulset db --patch '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'`,
    ],
  ] as const)(
    "%s: pods that still run the release are named once the earlier template is back",
    (kind, command) => {
      const [bad, other] = [template("v2"), template("v0")];
      const stays = [
        { name: "db-0", template: other },
        { name: "db-1", template: bad },
        { name: "db-2", template: bad },
      ];
      const it: HeldBack = { kind, namespace: "shop", name: "db", detail: "", needsPerson: false, stays };
      const from = revision("2", { digest: templateDigest(bad) });
      const fact = rolloutFact(order({ from }), held(seen(v1), it), TEN, undefined);
      expect(fact).toMatchObject({ kind: "running", blocked: true });
      expect(fact.kind === "running" && fact.detail).toContain(command);
      const gone = { ...it, stays: stays.slice(0, 1) };
      expect(rolloutFact(order({ from }), held(seen(v1), gone), TEN, undefined)).toMatchObject({
        kind: "complete",
      });
    },
  );

  const again = (writtenBy?: string): Lookup => {
    const lookup = seen(v2, half);
    if (!lookup.ok) return lookup;
    const { release } = lookup.snapshot;
    const came = { ...release, id: `${release.target}@4`, ...(writtenBy !== undefined && { writtenBy }) };
    return { ...lookup, snapshot: { ...lookup.snapshot, release: came } };
  };

  test("trap 28: 2 comes back before 1 was there as a whole, and who wrote it is named", () => {
    expect(rolloutFact(order(), again("argocd-controller"), TEN, undefined)).toEqual({
      kind: "superseded",
      detail: expect.stringMatching(/runs 2 again.*; Argo CD \(argocd-controller\) wrote it$/u),
    });
    expect(rolloutFact(order(), again(), TEN, undefined)).toMatchObject({ kind: "running" });
  });

  const group = (a: string, b: string) => {
    const members = { a: { name: a, digest: a }, b: { name: b, digest: b } };
    return revision(`a:${a},b:${b}`, { digest: `${a}${b}`, members });
  };
  const ofGroup: readonly (readonly [string, Lookup, RolloutFact | undefined, Partial<RolloutFact>])[] = [
    ["one member is seen before the other", seen(group("1", "2")), undefined, { kind: "running" }],
    ["all members are seen", seen(group("1", "1")), undefined, { kind: "complete", at: TEN }],
    ["a third is shipped to one of them", seen(group("1", "3")), undefined, { kind: "superseded" }],
    ["one of them is changed back later", seen(group("2", "1")), COMPLETE, { kind: "superseded" }],
  ];
  test.each(ofGroup)("trap 25: of a group, %s", (_, lookup, before, expected) => {
    const moved = order({ from: group("2", "2"), to: group("1", "1") });
    expect(rolloutFact(moved, lookup, TEN, before)).toMatchObject(expected);
  });

  test("a script target without release.expr is not observed", () => {
    const target = { kind: "script", namespace: undefined, releaseExpr: undefined } as const;
    const fact = rolloutFact(order({ policy: policy({ target }) }), seen(v2), TEN, undefined);
    expect(fact).toMatchObject({ kind: "not-observed", detail: expect.stringContaining("release.expr") });
  });
});
