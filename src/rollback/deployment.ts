import type { KubeApi } from "../kubernetes/api.ts";
import type { Deployment } from "../kubernetes/objects.ts";
import { describe } from "../kubernetes/resource.ts";
import { deploymentRef, readDeployment, readReplicaSets } from "../releases/deployment-read.ts";
import { failed } from "./attempts.ts";
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
  return {
    deployment,
    replicaSets: await readReplicaSets(api, deployment, signal),
    obstacle: obstacleOf(target, deployment),
    patchTo: (replicaSet, notes) => deploymentPatch(deployment, replicaSet, notes),
  };
}

function obstacleOf(target: string, { spec }: Deployment): Workload["obstacle"] {
  if (spec.paused !== true) return undefined;
  const ref = deploymentRef(target);
  const resume = `kubectl -n ${ref.namespace} rollout resume deployment/${ref.name}`;
  return failed("paused", `${describe(ref)} is paused, so no rollback can take effect. Resume it: ${resume}`);
}
