import { describe, expect, it } from "vitest";
import type { Deployment, ReplicaSet } from "../../src/kubernetes/objects.ts";
import { historyOf, nextRevision, ownedBy, revisionOf } from "../../src/releases/deployment-history.ts";
import { deployment, replicaSet, template } from "./deployment-fixture.ts";

const V1 = template("vcci-api:v1");
const V2 = template("vcci-api:v2");
const V3 = template("vcci-api:v3");
const first = replicaSet({ revision: 1, template: V1, created: "09:00:00" });
const second = replicaSet({ revision: 2, template: V2, created: "10:00:00" });
const REVISION = "deployment.kubernetes.io/revision";

const bare = (of: ReplicaSet): ReplicaSet => {
  const { annotations: _, ownerReferences: __, ...metadata } = of.metadata;
  return { ...of, metadata };
};
const owned = (of: ReplicaSet): ReplicaSet => ({
  ...of,
  metadata: { ...of.metadata, ownerReferences: first.metadata.ownerReferences ?? [] },
});

/** `revision:template`, oldest first, with a star at what is running and has been. */
function told(object: Deployment, replicaSets: readonly ReplicaSet[]): string {
  const history = historyOf(object, replicaSets);
  const words = history?.uses.map((use) => {
    const image = use.replicaSet.spec.template.spec.containers[0]?.image?.split(":")[1];
    return `${use.revision}:${image}${history.run.includes(use) ? "*" : ""}`;
  });
  return words?.join(" ") ?? "nothing";
}

const declares = (revision: number) => ({ annotations: { [REVISION]: String(revision) } });

describe("the history of a Deployment", () => {
  it.each<[string, Deployment, readonly ReplicaSet[], string]>([
    [
      "is in the order of the numbers, whatever the server lists first",
      deployment({ template: V2 }),
      [second, first],
      "1:v1 2:v2*",
    ],
    [
      "shows the newest as running until a new template has its ReplicaSet",
      deployment({ template: V3 }),
      [second, first],
      "1:v1 2:v2*",
    ],
    [
      "knows each number that a ReplicaSet had, by its value and not by its digits",
      deployment({ template: V1 }),
      [
        replicaSet({ revision: 12, history: [10, 2], template: V1, created: "09:00:00" }),
        replicaSet({ revision: 11, history: [3], template: V2, created: "10:00:00" }),
      ],
      "2:v1 3:v2 10:v1 11:v2 12:v1*",
    ],
    [
      "sees a template go back before its ReplicaSet is renumbered",
      deployment({ template: V1, ...declares(2) }),
      [first, second],
      "1:v1 2:v2 3:v1*",
    ],
    [
      "also where the Deployment has not been numbered",
      deployment({ template: V1 }),
      [first, second],
      "1:v1 2:v2 3:v1*",
    ],
    [
      "takes nothing for a return while the Deployment is behind",
      deployment({ template: V1, ...declares(1) }),
      [first, second],
      "1:v1*",
    ],
    [
      "gives the next number to a ReplicaSet that has none yet",
      deployment({ template: V3, ...declares(1) }),
      [first, second, owned(bare(replicaSet({ revision: 0, template: V3, created: "10:20:00" })))],
      "1:v1 2:v2 3:v3*",
    ],
    ["leaves out whom nobody owns", deployment({ template: V2 }), [first, bare(second)], "1:v1*"],
    ["is nothing without a ReplicaSet", deployment({ template: V1 }), [], "nothing"],
  ])("%s", (_, object, replicaSets, expected) => {
    expect(told(object, replicaSets)).toBe(expected);
  });

  it("says of each use whether the ReplicaSet was made for it", () => {
    const again = replicaSet({ revision: 3, history: [1], template: V1, created: "09:00:00" });
    const madeFor = (...replicaSets: readonly ReplicaSet[]) =>
      historyOf(deployment({ template: V1 }), replicaSets)?.uses.filter((use) => use.first);
    const unordered = replicaSet({ revision: 12, history: [10, 2], template: V1, created: "09:00:00" });
    expect(madeFor(unordered)?.map(({ revision }) => revision)).toEqual([2]);
    const uses = historyOf(deployment({ template: V1 }), [again, second])?.uses ?? [];
    expect(uses.map(({ revision, first }) => [revision, first])).toEqual([
      [1, true],
      [2, true],
      [3, false],
    ]);
  });
});

describe("the number of a ReplicaSet", () => {
  it("stays when it is the newest, and is one more than the newest of the others when it is not", () => {
    expect(nextRevision([first, second], second)).toBe(2);
    expect(nextRevision([second], second)).toBe(2);
    expect(nextRevision([first, second], first)).toBe(3);
  });

  it("is 0 while there is none", () => {
    expect(revisionOf(bare(first))).toBe(0);
    expect(revisionOf(replicaSet({ revision: Number.NaN, template: V1, created: "09:00:00" }))).toBe(0);
  });
});

it("an object belongs to the owner that controls it, and to no other that it names", () => {
  const { uid } = deployment({ template: V1 }).metadata;
  const named = (controller: boolean): ReplicaSet => ({
    ...first,
    metadata: {
      ...first.metadata,
      ownerReferences: [
        { uid: "other", controller: true },
        { uid, controller },
      ],
    },
  });
  const [controlled, mentioned] = [named(true), named(false)];
  expect(ownedBy(deployment({ template: V1 }), [controlled, mentioned, bare(first)])).toEqual([controlled]);
});
