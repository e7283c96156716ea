import type { KubeApi } from "../kubernetes/api.ts";
import type { Deployment, ReplicaSet } from "../kubernetes/objects.ts";
import { describe } from "../kubernetes/resource.ts";
import {
  deploymentRef,
  readDeployment,
  readPods,
  readReplicaSets,
  replicaSetsRef,
} from "./deployment-read.ts";
import { deploymentSnapshot, type DeploymentView, type ReleaseMemory } from "./deployment-snapshot.ts";
import type { LoggedRelease } from "./logged-release.ts";
import type { Selected } from "./selected-pods.ts";
import type { FollowingOptions } from "./sighting.ts";
import { watchTarget } from "./target-watch.ts";
import type { Lookup, TargetWatch } from "./watch.ts";
import { followWorkload } from "./workload-objects.ts";

export interface DeploymentWatchOptions extends FollowingOptions {
  readonly deployment: string;
  /** Its releases in the log, oldest first; none where it is a part of a target. */
  readonly logged?: () => readonly LoggedRelease[];
}

/** Follows a Deployment with its ReplicaSets and Pods. */
export function watchDeployment(options: DeploymentWatchOptions): TargetWatch {
  const { api, now, namespace, logged = () => [] } = options;
  const target = `${namespace}/${options.deployment}`;
  const ref = deploymentRef(target);
  const parts = { ref, revisionsRef: replicaSetsRef(namespace), viewOf };
  let memory: ReleaseMemory | undefined;
  return watchTarget({
    ref,
    follow: (onChange) => followWorkload(options, parts, onChange),
    read: () => readView(api, target, now),
    lookupOf: (view) => lookupOf(target, deploymentSnapshot(view, { memory, logged: logged() })),
    remember: (view) => {
      memory = deploymentSnapshot(view, { memory, logged: logged() })?.memory ?? memory;
    },
  });
}

function viewOf(
  deployment: Deployment,
  { revisions: replicaSets, pods }: Selected<ReplicaSet>,
  at: number,
): DeploymentView {
  return { deployment, replicaSets, pods, at };
}

async function readView(api: KubeApi, target: string, now: () => number): Promise<DeploymentView> {
  const deployment = await readDeployment(api, target);
  const [replicaSets, pods] = await Promise.all([
    readReplicaSets(api, deployment),
    readPods(api, deployment),
  ]);
  return { deployment, replicaSets, pods, at: now() };
}

function lookupOf(target: string, seen: ReturnType<typeof deploymentSnapshot>): Lookup {
  if (seen !== undefined) return { ok: true, snapshot: seen.snapshot };
  const detail = `${describe(deploymentRef(target))} has no ReplicaSet yet, so nothing of it runs`;
  return { ok: false, reason: "unknown-version", detail };
}
