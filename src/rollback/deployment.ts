import type { KubeApi } from "../kubernetes/api.ts";
import { deploymentRef, readDeployment, readReplicaSets } from "../releases/deployment-read.ts";
import { pausedDeployment } from "../releases/held-back.ts";
import { deploymentPatch } from "./deployment-patch.ts";
import {
  type Workload,
  type WorkloadStrategy,
  type WorkloadStrategyOptions,
  workloadStrategy,
} from "./workload.ts";

export function deploymentStrategy(options: WorkloadStrategyOptions): WorkloadStrategy {
  return workloadStrategy({ refOf: deploymentRef, revisionKind: "ReplicaSet", read }, options);
}

async function read(api: KubeApi, target: string, signal?: AbortSignal): Promise<Workload> {
  const deployment = await readDeployment(api, target, signal);
  const replicaSets = await readReplicaSets(api, deployment, signal);
  return {
    deployment,
    replicaSets,
    heldBack: pausedDeployment(deployment, replicaSets),
    patchTo: (replicaSet, notes) => deploymentPatch(deployment, replicaSet, notes),
  };
}
