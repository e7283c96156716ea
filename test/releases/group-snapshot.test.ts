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

function pair(api: TargetSnapshot, worker: TargetSnapshot): ReadonlyMap<string, TargetSnapshot> {
  return new Map([
    ["worker", worker],
    ["api", api],
  ]);
}

function snapshot(api: TargetSnapshot, worker: TargetSnapshot): TargetSnapshot {
  const found = groupSnapshot(TARGET, pair(api, worker));
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

  it("is no other for the order in which its members are looked at, and is nothing without members", () => {
    const [api, worker] = [member("api", TEN), member("worker", TEN + MINUTE)];
    const turned = groupSnapshot(TARGET, new Map([...pair(api, worker)].toReversed()));
    expect(turned?.release).toEqual(snapshot(api, worker).release);
    expect(groupSnapshot(TARGET, new Map())).toBeUndefined();
  });

  it("has the templates of all members, and what their pods pulled, by image", () => {
    const running = (name: string, image: string, ...pulled: readonly string[]) => {
      const of = member(name, TEN);
      const templates = new Map([[`${name}-2`, { spec: { containers: [{ name: "main", image }] } }]]);
      const seen = { ...of.release.revision, pulled: { [image]: pulled } };
      return { ...of, templates, release: { ...of.release, revision: seen } };
    };
    const [api, worker] = [
      running("api", "shop:2", "sha:a", "sha:b"),
      running("worker", "shop:2", "sha:b", "sha:c"),
    ];
    const shown = snapshot(api, worker);
    expect(Object.fromEntries(shown.templates ?? [])).toMatchObject({ "api-2": {}, "worker-2": {} });
    const { pulled } = shown.release.revision;
    expect(Object.keys(pulled ?? {})).toEqual(["shop:2"]);
    expect(pulled?.["shop:2"]?.toSorted()).toEqual(["sha:a", "sha:b", "sha:c"]);
  });

  it("is reversible as far as all members of its own release are", () => {
    const fixed = (of: TargetSnapshot) => ({ ...of, release: { ...of.release, reversible: false } });
    const old = member("worker", TEN - 2 * HOUR);
    expect(snapshot(member("api", TEN), fixed(old)).release.reversible).toBe(true);
    expect(snapshot(fixed(member("api", TEN)), old).release.reversible).toBe(false);
    expect(snapshot(member("api", TEN), fixed(member("worker", TEN))).release.reversible).toBe(false);
  });

  it("rolls out with the members of its own release, and has a clock once the first of them is Ready", () => {
    const going = { complete: false, stalled: false, detail: "1 of 2" };
    const stuck = (after: number) => ({ ...going, stalled: true, stalledAt: TEN + after });
    const api = (changes: Partial<TargetSnapshot>) => member("api", TEN, changes);
    const worker = (changes: Partial<TargetSnapshot>) => member("worker", TEN + MINUTE, changes);
    const old = member("worker", TEN - 2 * HOUR, { rollout: stuck(0) });
    expect(snapshot(api({}), old).rollout).toEqual({ ...ROLLOUT, detail: `api: ${ROLLOUT.detail}` });
    expect(snapshot(api({}), worker({ rollout: going })).rollout).toEqual({
      complete: false,
      stalled: false,
      detail: `worker: 1 of 2; api: ${ROLLOUT.detail}`,
    });
    const one = snapshot(api({}), worker({ rollout: stuck(HOUR) }));
    expect(one.rollout).toMatchObject({ complete: false, stalled: true, stalledAt: TEN + HOUR });
    const both = snapshot(api({ rollout: stuck(MINUTE) }), worker({ rollout: stuck(HOUR) }));
    expect(both.rollout.stalledAt).toBe(TEN + MINUTE);
    const unready = (of: TargetSnapshot) => ({ ...of, release: { ...of.release, clockAt: undefined } });
    expect(snapshot(unready(api({})), unready(worker({}))).release.clockAt).toBeUndefined();
    const later = snapshot(unready(api({})), worker({}));
    expect(later.release.clockAt).toBe(TEN + MINUTE + 10 * SECOND);
  });

  describe("could go back to", () => {
    const ran = (name: string, ...from: readonly (readonly [string, number])[]) =>
      from.map(([number, hours]) => {
        const of = revision(number, { digest: `${name}-${number}` });
        return { revision: of, from: TEN - hours * HOUR, cause: "deploy" as const };
      });
    const earlier = (api: TargetSnapshot, worker: TargetSnapshot) =>
      snapshot(api, worker).earlier.map(({ name }) => name);

    it("every combination that ran as a whole, newest first, each once and without the running one", () => {
      const api = member("api", TEN, { ranBefore: ran("api", ["1", 2], ["0", 4], ["1", 6], ["2", 7]) });
      const worker = member("worker", TEN - 3 * HOUR, { ranBefore: ran("worker", ["1", 9]) });
      expect(earlier(api, worker)).toEqual([
        "api:1,worker:2",
        "api:0,worker:2",
        "api:0,worker:1",
        "api:1,worker:1",
        "api:2,worker:1",
      ]);
      const twice = member("api", TEN, { ranBefore: ran("api", ["1", 1], ["0", 2], ["1", 3]) });
      expect(earlier(twice, member("worker", TEN - 5 * HOUR))).toEqual(["api:1,worker:2", "api:0,worker:2"]);
      const again = member("api", TEN, { ranBefore: ran("api", ["1", 1], ["2", 2], ["1", 3]) });
      expect(earlier(again, member("worker", TEN - 5 * HOUR))).toEqual(["api:1,worker:2"]);
    });

    it("what a member began with, however soon that was changed", () => {
      const from = TEN - 2 * HOUR;
      const [begun, changed] = [ran("api", ["1", 2]), ran("api", ["3", 2])];
      const ranBefore = [...changed.map((one) => Object.assign(one, { from: from + 30 * SECOND })), ...begun];
      const { release: live, ...rest } = member("api", TEN, { ranBefore });
      const api = { ...rest, release: { ...live, previous: ranBefore[0]?.revision } };
      expect(earlier(api, member("worker", TEN - HOUR - MINUTE))).toEqual([
        "api:3,worker:2",
        "api:3,worker:1",
        "api:1,worker:1",
      ]);
      expect(earlier(api, member("worker", TEN - 5 * HOUR))).toEqual(["api:3,worker:2", "api:1,worker:2"]);
    });

    it("nothing of which a member's part is not known", () => {
      const { ranBefore: _, ...unknown } = member("worker", TEN - 2 * HOUR);
      const first = { ...unknown, release: { ...unknown.release, previous: undefined } };
      const api = member("api", TEN - 3 * HOUR, { ranBefore: ran("api", ["1", 5]) });
      expect(snapshot(api, first)).toMatchObject({ earlier: [], release: { previous: undefined } });
    });
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

  it("remembers several acts apart, oldest first, each from when its first member was moved", () => {
    const note = (decisionId: string, hours: number, fromDigest: string) => {
      return { decisionId, at: TEN - hours * HOUR, fromDigest };
    };
    const api = member("api", TEN, { rollbacks: [note("d-2", 1, "api-8"), note("d-1", 4, "api-9")] });
    const worker = member("worker", TEN, {
      rollbacks: [note("d-3", 2, "worker-8"), note("d-1", 5, "worker-9")],
    });
    expect(snapshot(api, worker).rollbacks.map(({ decisionId, at }) => [decisionId, at])).toEqual([
      ["d-1", TEN - 5 * HOUR],
      ["d-3", TEN - 2 * HOUR],
      ["d-2", TEN - HOUR],
    ]);
    // Not known as a whole any more: then as the first member that remembers it has it.
    expect(snapshot(api, worker).rollbacks[0]?.fromDigest).toBe("worker-9");
  });

  it("is known as rolled back by the act that did it, whatever others there were", () => {
    const older = { decisionId: "d-0", at: TEN - HOUR, fromDigest: "api-9" };
    const api = member("api", TEN, { rollbacks: [older, ...rolledBack("api")] });
    expect(snapshot(api, member("worker", TEN)).release.revision.standing).toBe("quarantined");
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
    ["one is in neither", { members: { ...run("2", "1").members, c: { name: "1", digest: "1" } } }, false],
    ["it is no group", {}, false],
  ];
  test.each(between)("is on its way when %s: %#", (_, shown, expected) => {
    expect(isBetween(shown, run("2", "2"), run("1", "1"))).toBe(expected);
  });

  it("is not on its way between what is no group", () => {
    expect(isBetween(run("2", "1"), {}, run("2", "2"))).toBe(false);
    expect(differing({}, run("1", "1"))).toBeUndefined();
    expect(differing(run("1", "1"), {})).toEqual(run("1", "1").members);
    expect(
      Object.keys(differing(run("1", "1"), { members: { a: { name: "9", digest: "1" } } }) ?? {}),
    ).toEqual(["b"]);
  });
});
