import type { KubeApi } from "../kubernetes/api.ts";
import { heldBackStatefulSet } from "../releases/held-back.ts";
import { asDeployment } from "../releases/statefulset-as-deployment.ts";
import { readRevisions, readStatefulSet, statefulSetRef } from "../releases/statefulset-read.ts";
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
    heldBack: heldBackStatefulSet(statefulSet),
    patchTo: (revision, notes) => statefulSetPatch(statefulSet, revision, notes),
  };
}
