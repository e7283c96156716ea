import { describe, expect, it } from "vitest";
import { deploymentSnapshot } from "../../src/releases/deployment-snapshot.ts";
import { groupSnapshot } from "../../src/releases/group-snapshot.ts";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import { statefulSetSnapshot } from "../../src/releases/statefulset-snapshot.ts";
import type { StatefulSet } from "../../src/kubernetes/objects.ts";
import { clock } from "../support/model.ts";
import { deployment, replicaSet, template } from "./deployment-fixture.ts";
import { controllerRevision, statefulSet } from "./statefulset-fixture.ts";

const at = clock("10:00:00");
const V1 = template("v1");

function snapshotOf(spec: { readonly paused: boolean }): TargetSnapshot {
  const replicaSets = [replicaSet({ revision: 1, template: V1, created: "09:00:00" })];
  const view = { deployment: deployment({ template: V1, ...spec }), replicaSets, pods: [], at };
  const seen = deploymentSnapshot(view);
  if (seen === undefined) throw new Error("nothing runs");
  return seen.snapshot;
}

function heldBack(updateStrategy: StatefulSet["spec"]["updateStrategy"]): TargetSnapshot["heldBack"] {
  const { spec, ...rest } = statefulSet({ template: V1 });
  const revisions = [controllerRevision({ revision: 1, template: V1, created: "09:00:00" })];
  const shown = { ...rest, spec: { ...spec, ...(updateStrategy && { updateStrategy }) } };
  return statefulSetSnapshot({ statefulSet: shown, revisions, pods: [], at })?.snapshot.heldBack;
}

describe("a target shows what would leave a rollback without effect", () => {
  it("a Deployment that is paused, with the command that resumes it", () => {
    expect(snapshotOf({ paused: true }).heldBack).toEqual([
      {
        reason: "paused",
        detail:
          'deployment "vcci-api" in namespace "vcci-production" is paused, so no rollback can take effect; ' +
          "resume it (kubectl -n vcci-production rollout resume deployment/vcci-api)",
      },
    ]);
    expect(snapshotOf({ paused: false }).heldBack).toBeUndefined();
  });

  it("a StatefulSet whose pods stay as they are, or some of them, with the command that opens it", () => {
    expect(heldBack({ type: "OnDelete" })).toEqual([
      {
        reason: "held-back",
        detail:
          'statefulset "web" in namespace "shop" has updateStrategy OnDelete, so its pods would stay as they are until ' +
          "somebody deletes them; use RollingUpdate to have rollbackd roll it back (kubectl -n shop edit statefulset/web)",
      },
    ]);
    expect(heldBack({ type: "RollingUpdate", rollingUpdate: { partition: 2 } })?.[0]?.detail).toMatch(
      /partition 2, so its pods below 2 would stay as they are; set the partition to 0/u,
    );
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
    expect(both(paused)?.heldBack).toMatchObject([{ reason: "paused", member: "worker" }]);
    expect(both(open)?.heldBack).toBeUndefined();
  });
});
