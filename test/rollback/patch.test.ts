import { expect, it } from "vitest";
import { DECISION, ROLLBACKS } from "../../src/kubernetes/annotations.ts";
import type { JsonPatchStep, KubeApi } from "../../src/kubernetes/api.ts";
import { KubeError } from "../../src/kubernetes/error.ts";
import type { KubeObject } from "../../src/kubernetes/objects.ts";
import { patchIfUnchanged, rollbackPatch, sameGeneration } from "../../src/rollback/patch.ts";

const REF = { group: "apps", resource: "deployments", namespace: "shop", name: "api" } as const;
const NOTE = { decision: "d1", at: 0, uid: "u", from: "a", to: "b", revision: 3 };
const CHANGE = { op: "replace", path: "/spec/template", value: {} } as const;

function object(metadata: Partial<KubeObject["metadata"]> = {}): KubeObject {
  const made = { name: "api", uid: "u", resourceVersion: "7", creationTimestamp: "2026-01-01T00:00:00Z" };
  return { metadata: { ...made, generation: 4, ...metadata } };
}

function stepsFor(annotations: Readonly<Record<string, string>> | undefined): readonly JsonPatchStep[] {
  const target = object(annotations && { annotations });
  const cause = { "kubernetes.io/change-cause": undefined, "example.org/new": "x" };
  const given = sameGeneration(target);
  const patch = rollbackPatch(target, { given, change: CHANGE, notes: [NOTE], annotations: cause });
  return patch.kind === "json" ? patch.steps : [];
}

it("a rollback patch names its annotations one by one when the object has annotations", () => {
  const steps = stepsFor({ "kubernetes.io/change-cause": "second", "example.org/ticket": "OPS-1" });
  expect(steps).toEqual([
    { op: "test", path: "/metadata/uid", value: "u" },
    { op: "test", path: "/metadata/generation", value: 4 },
    { op: "test", path: "/metadata/annotations/kubernetes.io~1change-cause", value: "second" },
    { op: "remove", path: "/metadata/annotations/kubernetes.io~1change-cause" },
    { op: "add", path: "/metadata/annotations/example.org~1new", value: "x" },
    { op: "add", path: "/metadata/annotations/rollbackd.io~1decision", value: "d1" },
    { op: "add", path: "/metadata/annotations/rollbackd.io~1rollbacks", value: expect.any(String) as string },
    CHANGE,
  ]);
});

it("a rollback patch does not remove an annotation when the object does not have it", () => {
  expect(stepsFor({ "example.org/ticket": "OPS-1" }).filter(({ op }) => op === "remove")).toEqual([]);
});

it("a rollback patch makes the annotations only while there are none when the object has none", () => {
  const annotations = { "example.org/new": "x", [DECISION]: "d1", [ROLLBACKS]: expect.any(String) as string };
  expect(stepsFor(undefined).slice(2)).toEqual([
    { op: "test", path: "/metadata/annotations", value: null },
    { op: "add", path: "/metadata/annotations", value: annotations },
    CHANGE,
  ]);
});

const REFUSED = new KubeError("rejected", "the server rejected our request", { status: 422 });

it.each<[string, KubeObject, KubeError["kind"]]>([
  ["the generation moved", object({ generation: 5 }), "conflict"],
  ["the object was made anew", object({ uid: "other" }), "conflict"],
  ["annotations came in between", object({ annotations: { "example.org/by": "flux" } }), "conflict"],
  ["nothing that the patch depends on changed", object({ resourceVersion: "9" }), "rejected"],
])("patchIfUnchanged tells a 422 apart by a second look: %s", async (_, now, kind) => {
  const target = object();
  const given = sameGeneration(target);
  const patch = rollbackPatch(target, { given, change: CHANGE, notes: [NOTE] });
  const api: Pick<KubeApi, "get" | "patch"> = {
    patch: () => Promise.reject(REFUSED),
    get: () => Promise.resolve(now as never),
  };
  const sent = patchIfUnchanged(api as KubeApi, REF, patch, new AbortController().signal);
  await expect(sent).rejects.toMatchObject({ kind, status: 422 });
});
