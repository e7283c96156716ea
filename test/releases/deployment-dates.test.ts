import { describe, expect, it } from "vitest";
import type { Condition, Deployment, ManagedFields, Pod } from "../../src/kubernetes/objects.ts";
import type { RollbackNote } from "../../src/kubernetes/annotations.ts";
import { firstReadyAt, ranBefore, startOf } from "../../src/releases/deployment-dates.ts";
import type { Use } from "../../src/releases/deployment-history.ts";
import { clock } from "../support/model.ts";
import { deployment, done, readyPod, replicaSet, template } from "./deployment-fixture.ts";

const V1 = template("vcci-api:v1");
const owner = replicaSet({ revision: 3, history: [1], template: V1, created: "09:00:00" });
const again: Use = { revision: 3, replicaSet: owner, digest: "d", first: false };
const TEMPLATE = { "f:spec": { "f:template": {} } };

const wrote = (time: string, fieldsV1: ManagedFields["fieldsV1"], more: object = {}): ManagedFields => ({
  time: new Date(clock(time)).toISOString(),
  ...(fieldsV1 && { fieldsV1 }),
  ...more,
});

function written(...managedFields: readonly ManagedFields[]): Deployment {
  const object = deployment({ template: V1 });
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

describe("a template that is used again", () => {
  it.each<[string, Deployment, string]>([
    ["is dated by the write of its template", written(wrote("10:10:00", TEMPLATE)), "10:10:00"],
    [
      "by the newest of several",
      written(wrote("10:05:00", TEMPLATE), wrote("10:10:00", TEMPLATE)),
      "10:10:00",
    ],
    [
      "not by who writes other fields",
      written(wrote("10:10:00", TEMPLATE), wrote("10:20:00", { "f:spec": { "f:replicas": {} } })),
      "10:10:00",
    ],
    [
      "not by who writes a subresource",
      written(wrote("10:10:00", TEMPLATE), wrote("10:20:00", TEMPLATE, { subresource: "status" })),
      "10:10:00",
    ],
    [
      "not by entries that tell no time or no fields",
      written(
        wrote("10:10:00", TEMPLATE),
        { fieldsV1: TEMPLATE },
        wrote("10:20:00", undefined),
        wrote("10:20:00", { "f:spec": null }),
      ),
      "10:10:00",
    ],
    ["by when it was seen where nobody tells", written(), "10:30:00"],
    ["by when it was seen where there are no such entries", deployment({ template: V1 }), "10:30:00"],
    ["not by a write that the ReplicaSet was made for", written(wrote("09:00:00", TEMPLATE)), "10:30:00"],
    [
      "by the end of the rollout where that is earlier",
      deployment({ template: V1, written: "10:10:00", progressing: done("10:05:00") }),
      "10:05:00",
    ],
  ])("%s", (_, object, time) => {
    expect(startOf(again, [again], object, { seenAt: clock("10:30:00"), restoredAt: undefined })).toBe(
      clock(time),
    );
  });

  it.each<[string, Deployment, string]>([
    ["nor where nobody tells", written(), "10:30:00"],
    ["nor by the write that brought what it replaced", written(wrote("09:30:00", TEMPLATE)), "10:30:00"],
    [
      "nor by the end of a rollout that was long before",
      deployment({ template: V1, written: "10:10:00", progressing: done("09:05:00") }),
      "10:10:00",
    ],
    [
      "nor by the end of the rollout of what it replaced, which stays where there are no pods",
      deployment({ template: V1, pods: [0, 0, 0, 0], progressing: done("09:45:00") }),
      "10:30:00",
    ],
  ])("is never there before what it replaced, %s", (_, object, time) => {
    const bad = replicaSet({ revision: 2, template: template("vcci-api:v2"), created: "09:30:00" });
    const replaced: Use = { revision: 2, replicaSet: bad, digest: "bad", first: true };
    expect(
      startOf(again, [replaced, again], object, { seenAt: clock("10:30:00"), restoredAt: undefined }),
    ).toBe(clock(time));
  });
});

describe("the first Ready pod of a release", () => {
  const rolling = deployment({ template: V1, pods: [2, 3, 1, 2] });
  const pod = (...conditions: readonly Condition[]): Pod => ({
    ...readyPod(owner, "10:01:00"),
    status: { conditions },
  });
  const at = (time: string) => new Date(clock(time)).toISOString();

  it.each<[string, readonly Pod[], string | undefined]>([
    ["is the earliest", [readyPod(owner, "10:02:00"), readyPod(owner, "10:01:00")], "10:01:00"],
    [
      "is nobody while none is",
      [pod({ type: "Ready", status: "False", lastTransitionTime: at("10:01:00") })],
      undefined,
    ],
    ["is nobody while a pod says nothing", [{ ...readyPod(owner, "10:01:00"), status: {} }], undefined],
    [
      "is told by its condition Ready and by no other",
      [
        pod(
          { type: "Initialized", status: "True", lastTransitionTime: at("10:00:30") },
          { type: "Ready", status: "True", lastTransitionTime: at("10:01:00") },
        ),
      ],
      "10:01:00",
    ],
    ["is not older than the release", [readyPod(owner, "09:30:00")], "10:00:00"],
  ])("%s", (_, pods, time) => {
    expect(firstReadyAt(rolling, pods, clock("10:00:00"))).toBe(time && clock(time));
  });

  it("was there when the rollout was complete, whatever became of it", () => {
    const complete = deployment({ template: V1, progressing: done("10:03:00") });
    expect(firstReadyAt(complete, [], clock("10:00:00"))).toBe(clock("10:03:00"));
    expect(firstReadyAt(complete, [], clock("10:04:00"))).toBeUndefined();
  });
});

describe("what ran before a release", () => {
  const use = (revision: number, digest: string, created: string, first = true): Use => {
    const made = replicaSet({ revision, template: template(digest), created });
    return { revision, replicaSet: made, digest, first };
  };
  const act = (revision: number, to: string, time: string): RollbackNote => {
    return { decision: "d", at: clock(time), uid: "u", from: "x", to, revision };
  };
  const ran = (uses: readonly Use[], revision: number, ...acts: readonly RollbackNote[]) =>
    ranBefore(uses, revision, acts).map(({ use: { digest }, from, cause }) => [digest, from, cause]);
  const first = use(1, "a", "09:00:00");

  it("is dated by the ReplicaSets that were made for it, newest first, and a restart is no other", () => {
    const uses = [first, use(2, "b", "09:10:00"), use(3, "b", "09:20:00"), use(4, "c", "09:30:00")];
    expect(ran(uses, 4)).toEqual([
      ["b", clock("09:10:00"), "deploy"],
      ["a", clock("09:00:00"), "deploy"],
    ]);
  });

  it("ends where a number is missing", () => {
    expect(ran([first, use(3, "c", "09:30:00"), use(4, "d", "09:40:00")], 4)).toEqual([
      ["c", clock("09:30:00"), "deploy"],
    ]);
    expect(ran([first, use(3, "c", "09:30:00")], 3)).toEqual([]);
  });

  it("is dated by the act of rollbackd where a ReplicaSet was used again, and ends where nothing dates it", () => {
    const uses = [first, use(2, "b", "09:10:00"), use(3, "a", "09:00:00", false), use(4, "c", "09:30:00")];
    expect(ran(uses, 4, act(3, "a", "09:20:00"))).toEqual([
      ["a", clock("09:20:00"), "rollback"],
      ["b", clock("09:10:00"), "deploy"],
      ["a", clock("09:00:00"), "deploy"],
    ]);
    expect(ran(uses, 4)).toEqual([]);
  });
});
