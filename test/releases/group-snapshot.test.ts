import { describe, expect, it, test } from "vitest";
import { digest12 } from "../../src/kubernetes/annotations.ts";
import { groupSnapshot } from "../../src/releases/group-snapshot.ts";
import { watchGroup } from "../../src/releases/group-watch.ts";
import { differing, groupDigest, groupUid, isBetween, memberUids } from "../../src/releases/group.ts";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import { chooseTarget } from "../../src/releases/standing.ts";
import type { Lookup, TargetWatch } from "../../src/releases/watch.ts";
import { HOUR, MINUTE, release, revision, SECOND, TEN } from "../support/model.ts";

const TARGET = "shop/api+worker";
const ROLLOUT = { complete: true, stalled: false, detail: "2 of 2 pods updated, 2 ready" };

/** A member that runs revision 2 since `startedAt`, and ran 1 for a day before. */
function member(name: string, startedAt: number, changes: Partial<TargetSnapshot> = {}): TargetSnapshot {
  const of = (number: string) => revision(number, { digest: `${name}-${number}`, images: { main: number } });
  const clockAt = startedAt + 10 * SECOND;
  return {
    target: `shop/${name}`,
    uid: `uid-${name}`,
    release: release({ revision: of("2"), previous: of("1"), startedAt, clockAt }),
    earlier: [of("1")],
    ranBefore: [{ revision: of("1"), from: TEN - 24 * HOUR, cause: "deploy" }],
    rollbacks: [],
    rollout: ROLLOUT,
    ...changes,
  };
}

function snapshot(api: TargetSnapshot, worker: TargetSnapshot): TargetSnapshot {
  const found = groupSnapshot(
    TARGET,
    new Map([
      ["worker", worker],
      ["api", api],
    ]),
  );
  if (found === undefined) throw new Error("no snapshot");
  return found;
}

const digestOf = (api: string, worker: string): string =>
  groupDigest(
    new Map([
      ["api", `api-${api}`],
      ["worker", `worker-${worker}`],
    ]),
  );

describe("a group shows as one target", () => {
  it("whose release begins with the first change and is rolled back to what ran before it", () => {
    const { release: live, earlier, uid } = snapshot(member("api", TEN), member("worker", TEN + MINUTE));
    expect(live).toMatchObject({
      id: "shop/api+worker@api:2,worker:2",
      startedAt: TEN,
      clockAt: TEN + 10 * SECOND,
      cause: "deploy",
      revision: {
        name: "api:2,worker:2",
        digest: digestOf("2", "2"),
        images: { "api/main": "2", "worker/main": "2" },
        members: { api: { name: "2", digest: "api-2" }, worker: { name: "2", digest: "worker-2" } },
      },
      previous: { name: "api:1,worker:1", digest: digestOf("1", "1") },
    });
    expect(chooseTarget(live, earlier, false)?.name).toBe("api:1,worker:1");
    expect(Object.fromEntries(memberUids(uid))).toEqual({ api: "uid-api", worker: "uid-worker" });
  });

  it("a release of one member alone leaves the other where it is", () => {
    const { release: live } = snapshot(member("api", TEN), member("worker", TEN - 2 * HOUR));
    expect(live).toMatchObject({ startedAt: TEN, previous: { name: "api:1,worker:2" } });
    expect(differing(live.revision, live.previous ?? {})).toEqual({ api: { name: "2", digest: "api-2" } });
  });

  it("is reversible and stalled only by members of its own release", () => {
    const old = member("worker", TEN - 2 * HOUR);
    const bad = { ...ROLLOUT, stalled: true, stalledAt: TEN + MINUTE };
    const others = { ...old, rollout: bad, release: { ...old.release, reversible: false } };
    const untouched = snapshot(member("api", TEN), others);
    expect(untouched.release.reversible).toBe(true);
    expect(untouched.rollout.stalledAt).toBeUndefined();
    const own = snapshot(member("api", TEN, { rollout: bad }), old);
    expect(own.rollout).toMatchObject({ stalledAt: TEN + MINUTE, complete: true });
  });

  const rolledBack = (name: string) => [{ decisionId: "d-1", at: TEN + HOUR, fromDigest: `${name}-2` }];
  it("remembers an act once, from what the members that were moved remember of it (trap 40)", () => {
    const api = member("api", TEN, { rollbacks: rolledBack("api") });
    const worker = member("worker", TEN, { rollbacks: rolledBack("worker") });
    const shown = snapshot(api, worker);
    expect(shown.rollbacks).toEqual([{ decisionId: "d-1", at: TEN + HOUR, fromDigest: digestOf("2", "2") }]);
    expect(shown.release.revision.standing).toBe("quarantined");
    expect(shown.release.previous?.standing).toBe("unproven");
  });

  it("a member that was moved back is quarantined in any company, one that was not is in none", () => {
    const api = member("api", TEN, { rollbacks: rolledBack("api") });
    expect(snapshot(api, member("worker", TEN - 2 * HOUR)).release.revision.standing).toBe("quarantined");
    const fixed = {
      ...api,
      release: { ...api.release, revision: revision("3", { digest: "api-3" }) },
    };
    expect(snapshot(fixed, member("worker", TEN)).release.revision.standing).toBe("unproven");
  });

  it("is good only as it was proven: each good in other company proves nothing", () => {
    const proven = (name: string, goodIn: string) => {
      const of = member(name, TEN);
      const marked = { ...of.release.revision, standing: "good" as const, goodIn };
      return { ...of, release: { ...of.release, revision: marked } };
    };
    const together = digest12(digestOf("2", "2"));
    expect(snapshot(proven("api", together), member("worker", TEN)).release.revision.standing).toBe("good");
    const apart = snapshot(proven("api", "0".repeat(12)), proven("worker", "1".repeat(12)));
    expect(apart.release.revision.standing).toBe("unproven");
  });
});

describe("a group is seen", () => {
  const watch = (lookup: Lookup): TargetWatch => ({
    current: () => lookup,
    reread: async () => lookup,
    onChange: () => () => undefined,
    stop: async () => undefined,
  });
  const seen = (name: string, stale?: Extract<Lookup, { ok: true }>["stale"]): Lookup => ({
    ok: true,
    snapshot: member(name, TEN),
    ...(stale && { stale }),
  });
  const gone: Lookup = { ok: false, reason: "not-found", detail: "no worker" };
  const cases: readonly (readonly [string, Lookup, Lookup, object])[] = [
    ["when all members are", seen("api"), seen("worker"), { ok: true, snapshot: { target: TARGET } }],
    ["not while one of them is not", seen("api"), gone, gone],
    [
      "as of the stalest of them",
      seen("api", { since: TEN, detail: "away" }),
      seen("worker", { since: TEN - 1, detail: "longer away" }),
      { ok: true, stale: { since: TEN - 1, detail: "longer away" } },
    ],
  ];
  test.each(cases)("%s", async (_, api, worker, expected) => {
    const group = watchGroup(
      TARGET,
      new Map([
        ["api", watch(api)],
        ["worker", watch(worker)],
      ]),
    );
    expect(group.current()).toMatchObject(expected);
    expect(await group.reread()).toMatchObject(expected);
  });
});

describe("the identity of a group", () => {
  const ab = new Map([
    ["a", "1"],
    ["b", "2"],
  ]);
  const ba = new Map([
    ["b", "2"],
    ["a", "1"],
  ]);
  it("does not depend on the order in which its members are named, and changes with each of them", () => {
    expect(groupDigest(ab)).toBe(groupDigest(ba));
    expect(groupUid(ab)).toBe(groupUid(ba));
    expect(groupDigest(new Map([...ab, ["b", "3"]]))).not.toBe(groupDigest(ab));
  });

  const run = (a: string, b: string) => ({
    members: { a: { name: a, digest: a }, b: { name: b, digest: b } },
  });
  const between: readonly (readonly [string, object, boolean])[] = [
    ["each member is on one of the two sides", run("2", "1"), true],
    ["one is on neither", run("2", "9"), false],
    ["it is no group", {}, false],
  ];
  test.each(between)("it is on its way when %s: %#", (_, shown, expected) => {
    expect(isBetween(shown, run("2", "2"), run("1", "1"))).toBe(expected);
  });
});
