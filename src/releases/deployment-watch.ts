import type { KubeApi } from "../kubernetes/api.ts";
import { KubeError } from "../kubernetes/error.ts";
import { describe } from "../kubernetes/resource.ts";
import {
  followDeployment,
  type DeploymentWatchOptions,
  type Sighting,
  type Staleness,
} from "./deployment-objects.ts";
import { deploymentRef, readDeployment, readPods, readReplicaSets } from "./deployment-read.ts";
import { deploymentSnapshot, type DeploymentView, type ReleaseMemory } from "./deployment-snapshot.ts";
import type { Lookup, TargetWatch } from "./watch.ts";

/** Follows a Deployment with its ReplicaSets and Pods. What was last seen stays while the API server is away. */
export function watchDeployment(options: DeploymentWatchOptions): TargetWatch {
  const { api, now } = options;
  const target = `${options.namespace}/${options.deployment}`;
  const listeners = new Set<() => void>();
  let memory: ReleaseMemory | undefined;

  const objects = followDeployment(options, () => {
    const seen = objects.lastSeen();
    if (seen.kind === "seen") memory = deploymentSnapshot(seen.view, memory)?.memory ?? memory;
    for (const listener of listeners) listener();
  });

  return {
    current: () => withStaleness(lookupOfSighting(objects.lastSeen(), target, memory), objects.staleness()),
    reread: () => rereadDeployment(api, target, { now, memory }),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: async () => {
      listeners.clear();
      await objects.stop();
    },
  };
}

async function rereadDeployment(
  api: KubeApi,
  target: string,
  known: { readonly now: () => number; readonly memory: ReleaseMemory | undefined },
): Promise<Lookup> {
  try {
    const deployment = await readDeployment(api, target);
    const [replicaSets, pods] = await Promise.all([
      readReplicaSets(api, deployment),
      readPods(api, deployment),
    ]);
    return lookupOf({ deployment, replicaSets, pods, at: known.now() }, known.memory);
  } catch (error) {
    if (error instanceof KubeError) return failed(error);
    throw error;
  }
}

function lookupOf(view: DeploymentView, memory: ReleaseMemory | undefined): Lookup {
  const seen = deploymentSnapshot(view, memory);
  if (seen !== undefined) return { ok: true, snapshot: seen.snapshot };
  const { namespace, name } = view.deployment.metadata;
  const detail = `deployment "${name}" in namespace "${namespace}" has no ReplicaSet yet, so nothing of it runs`;
  return { ok: false, reason: "unknown-version", detail };
}

function withStaleness(lookup: Lookup, staleness: Staleness | undefined): Lookup {
  if (!lookup.ok || staleness === undefined) return lookup;
  return { ...lookup, stale: { since: staleness.since, detail: staleness.error.message } };
}

function lookupOfSighting(seen: Sighting, target: string, memory: ReleaseMemory | undefined): Lookup {
  switch (seen.kind) {
    case "seen":
      return lookupOf(seen.view, memory);
    case "absent":
      return notFound(target);
    case "not-read":
      return seen.error === undefined
        ? { ok: false, reason: "unreachable", detail: "The API server has not been read yet." }
        : failed(seen.error);
  }
}

function notFound(target: string): Lookup {
  const detail = `There is no ${describe(deploymentRef(target))}. Check the names in the policy's target.`;
  return { ok: false, reason: "not-found", detail };
}

function failed(error: KubeError): Lookup {
  const reason = error.kind === "not-found" || error.kind === "forbidden" ? error.kind : "unreachable";
  return { ok: false, reason, detail: error.message };
}
