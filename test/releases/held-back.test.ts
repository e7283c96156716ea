import { describe, expect, it } from "vitest";
import { templateDigest } from "../../src/releases/deployment-digest.ts";
import { heldBackStatefulSet } from "../../src/releases/held-back.ts";
import { deploymentSnapshot } from "../../src/releases/deployment-snapshot.ts";
import { groupSnapshot } from "../../src/releases/group-snapshot.ts";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import { statefulSetSnapshot } from "../../src/releases/statefulset-snapshot.ts";
import type { Pod, PodTemplate, StatefulSet } from "../../src/kubernetes/objects.ts";
import { clock } from "../support/model.ts";
import { deployment, replicaSet, template } from "./deployment-fixture.ts";
import { controllerRevision, pod, statefulSet } from "./statefulset-fixture.ts";

const at = clock("10:00:00");
const [V0, V1] = [template("v0"), template("v1")];

function snapshotOf({
  now = V1,
  ...spec
}: {
  readonly paused: boolean;
  readonly now?: PodTemplate;
}): TargetSnapshot {
  const replicaSets = [replicaSet({ revision: 1, template: V1, created: "09:00:00" })];
  const view = { deployment: deployment({ template: now, ...spec }), replicaSets, pods: [], at };
  const seen = deploymentSnapshot(view);
  if (seen === undefined) throw new Error("nothing runs");
  return seen.snapshot;
}

function heldBack(
  updateStrategy: StatefulSet["spec"]["updateStrategy"],
  pods: readonly Pod[] = [],
): TargetSnapshot["heldBack"] {
  const { spec, ...rest } = statefulSet({ template: V1 });
  const revisions = [
    controllerRevision({ revision: 1, template: V0, created: "08:30:00" }),
    controllerRevision({ revision: 2, template: V1, created: "09:00:00" }),
  ];
  const shown = { ...rest, spec: { ...spec, ...(updateStrategy && { updateStrategy }) } };
  return statefulSetSnapshot({ statefulSet: shown, revisions, pods, at })?.snapshot.heldBack;
}

describe("a target shows what keeps its pods from following the template", () => {
  it("a Deployment that is paused", () => {
    expect(snapshotOf({ paused: true }).heldBack).toEqual([
      {
        kind: "paused",
        namespace: "vcci-production",
        name: "vcci-api",
        detail:
          'deployment "vcci-api" in namespace "vcci-production" is paused, and automation changes nothing on a paused Deployment',
        needsPerson: true,
      },
    ]);
    expect(snapshotOf({ paused: false }).heldBack).toBeUndefined();
  });

  it("a Deployment that is paused with a change that runs nowhere", () => {
    const shown = snapshotOf({ paused: true, now: template("v2") });
    const staged = shown.heldBack?.[0]?.staged ?? "";
    expect(staged).toBe(templateDigest(template("v2")));
    expect(shown.templates?.get(staged)).toEqual(template("v2"));
  });

  it("a StatefulSet with OnDelete or a partition, and the pods that stay as they are", () => {
    expect(heldBack({ type: "OnDelete" }, [pod("web-0", V0, "True", "09:00:00")])).toEqual([
      {
        kind: "OnDelete",
        namespace: "shop",
        name: "web",
        detail: 'statefulset "web" in namespace "shop" has updateStrategy OnDelete',
        needsPerson: false,
        stays: [{ name: "web-0", template: V0 }],
      },
    ]);
    expect(heldBack({ type: "RollingUpdate", rollingUpdate: { partition: 2 } })).toMatchObject([
      { kind: "partition", detail: expect.stringMatching(/has partition 2$/u) as string, stays: [] },
    ]);
  });

  it("a StatefulSet whose newest template no pod runs needs a person", () => {
    const { spec, status, ...rest } = statefulSet({ template: V1, pods: [2, 2, 0, 2] });
    const view = { ...rest, spec: { ...spec, updateStrategy: { type: "OnDelete" as const } } };
    const seen = heldBackStatefulSet({ ...view, ...(status && { status }) });
    expect(seen).toMatchObject({
      needsPerson: true,
      detail: expect.stringMatching(/no pod runs/u) as string,
    });
    const unobserved = status && { ...status, observedGeneration: 1 };
    expect(heldBackStatefulSet({ ...view, ...(unobserved && { status: unobserved }) })).toMatchObject({
      needsPerson: false,
    });
  });

  it.each([undefined, { type: "RollingUpdate" }, { rollingUpdate: { partition: 0 } }] as const)(
    "not a StatefulSet whose pods all follow its template: %j",
    (updateStrategy) => {
      expect(heldBack(updateStrategy)).toBeUndefined();
    },
  );

  it("a group those of its members, each by its name", () => {
    const [open, paused] = [snapshotOf({ paused: false }), snapshotOf({ paused: true })];
    const both = (worker: TargetSnapshot) =>
      groupSnapshot("shop/api+worker", new Map(Object.entries({ api: open, worker })));
    expect(both(paused)?.heldBack).toMatchObject([{ kind: "paused", member: "worker" }]);
    expect(both(open)?.heldBack).toBeUndefined();
  });
});
