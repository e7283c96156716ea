import type { Deployment, Pod } from "../kubernetes/objects.ts";
import type { Use } from "./deployment-history.ts";
import { completedAt, instant } from "./deployment-rollout.ts";

/**
 * When a use of a template began, epoch ms. A new ReplicaSet says it itself. One that was used before is
 * dated by the change of the Deployment: the writer's entry in `managedFields` and the end of the rollout can
 * only be later than that, so the earlier of them is nearest.
 */
export function startOf(use: Use, deployment: Deployment): number {
  const created = instant(use.replicaSet.metadata.creationTimestamp) ?? 0;
  if (use.first) return created;
  return earliest([templateWrittenAt(deployment), completedAt(deployment)], created) ?? created;
}

/**
 * The first Ready pod of a release as far as its pods and conditions still tell, epoch ms. Pods that were
 * replaced take their evidence with them, so this can be too late, never too early.
 */
export function firstReadyAt(
  deployment: Deployment,
  pods: readonly Pod[],
  startedAt: number,
): number | undefined {
  // Pods of a template that was put back before they were gone have been Ready all along.
  const ready = earliest(pods.map(readyAt), 0);
  return earliest([ready && Math.max(ready, startedAt), completedAt(deployment)], startedAt);
}

function earliest(instants: readonly (number | undefined)[], notBefore: number): number | undefined {
  const known = instants.filter((at) => at !== undefined && at >= notBefore).map(Number);
  return known.length === 0 ? undefined : Math.min(...known);
}

function readyAt(pod: Pod): number | undefined {
  const ready = pod.status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" ? instant(ready.lastTransitionTime) : undefined;
}

/** The newest write by anybody who owns fields of the template. */
function templateWrittenAt(deployment: Deployment): number | undefined {
  const times = (deployment.metadata.managedFields ?? [])
    .filter((entry) => entry.subresource === undefined && ownsTemplate(entry.fieldsV1))
    .map((entry) => instant(entry.time))
    .filter((at) => at !== undefined);
  return times.length === 0 ? undefined : Math.max(...times);
}

function ownsTemplate(fields: Readonly<Record<string, unknown>> | undefined): boolean {
  const spec = fields?.["f:spec"];
  return typeof spec === "object" && spec !== null && "f:template" in spec;
}
