import type { KubeApi } from "../kubernetes/api.ts";
import type { StatefulSet } from "../kubernetes/objects.ts";
import { describe } from "../kubernetes/resource.ts";
import { asDeployment } from "../releases/statefulset-as-deployment.ts";
import { readRevisions, readStatefulSet, statefulSetRef } from "../releases/statefulset-read.ts";
import { failed } from "./attempts.ts";
import { statefulSetPatch } from "./statefulset-patch.ts";
import {
  type Workload,
  type WorkloadStrategy,
  type WorkloadStrategyOptions,
  workloadStrategy,
} from "./workload.ts";

export function statefulSetStrategy(options: WorkloadStrategyOptions): WorkloadStrategy {
  return workloadStrategy({ refOf: statefulSetRef, revisionKind: "ControllerRevision", read }, options);
}

async function read(api: KubeApi, target: string, signal?: AbortSignal): Promise<Workload> {
  const statefulSet = await readStatefulSet(api, target, signal);
  const revisions = await readRevisions(api, statefulSet, signal);
  const { deployment, replicaSets } = asDeployment({ statefulSet, revisions, pods: [], at: 0 });
  return {
    deployment,
    replicaSets,
    obstacle: obstacleOf(target, statefulSet),
    patchTo: (revision, notes) => statefulSetPatch(statefulSet, revision, notes),
  };
}

/** Where not every pod follows the template, putting the template back is no rollback. */
function obstacleOf(target: string, { spec }: StatefulSet): Workload["obstacle"] {
  const what = describe(statefulSetRef(target));
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  const undo = `kubectl -n ${statefulSetRef(target).namespace} edit statefulset/${statefulSetRef(target).name}`;
  if (type === "OnDelete") {
    return failed(
      "held-back",
      `${what} has updateStrategy OnDelete, so its pods would stay as they are until somebody deletes them. ` +
        `Use RollingUpdate to have rollbackd roll it back: ${undo}`,
    );
  }
  const partition = rollingUpdate?.partition ?? 0;
  if (partition === 0) return undefined;
  return failed(
    "held-back",
    `${what} has updateStrategy.rollingUpdate.partition ${partition}, so its pods below ${partition} would stay as ` +
      `they are. Set the partition to 0 to have rollbackd roll it back: ${undo}`,
  );
}
