import type { KubeApi } from "../kubernetes/api.ts";
import { describe } from "../kubernetes/resource.ts";
import { followDeployment, type DeploymentWatchOptions } from "./deployment-objects.ts";
import { deploymentRef, readDeployment, readPods, readReplicaSets } from "./deployment-read.ts";
import { deploymentSnapshot, type DeploymentView, type ReleaseMemory } from "./deployment-snapshot.ts";
import { watchTarget } from "./target-watch.ts";
import type { Lookup, TargetWatch } from "./watch.ts";

/** Follows a Deployment with its ReplicaSets and Pods. */
export function watchDeployment(options: DeploymentWatchOptions): TargetWatch {
  const { api, now } = options;
  const target = `${options.namespace}/${options.deployment}`;
  let memory: ReleaseMemory | undefined;
  return watchTarget({
    ref: deploymentRef(target),
    follow: (onChange) => followDeployment(options, onChange),
    read: () => readView(api, target, now),
    lookupOf: (view) => lookupOf(view, memory),
    remember: (view) => {
      memory = deploymentSnapshot(view, memory)?.memory ?? memory;
    },
  });
}

async function readView(api: KubeApi, target: string, now: () => number): Promise<DeploymentView> {
  const deployment = await readDeployment(api, target);
  const [replicaSets, pods] = await Promise.all([
    readReplicaSets(api, deployment),
    readPods(api, deployment),
  ]);
  return { deployment, replicaSets, pods, at: now() };
}

function lookupOf(view: DeploymentView, memory: ReleaseMemory | undefined): Lookup {
  const seen = deploymentSnapshot(view, memory);
  if (seen !== undefined) return { ok: true, snapshot: seen.snapshot };
  const what = describe(
    deploymentRef(`${view.deployment.metadata.namespace}/${view.deployment.metadata.name}`),
  );
  const detail = `${what} has no ReplicaSet yet, so nothing of it runs`;
  return { ok: false, reason: "unknown-version", detail };
}
