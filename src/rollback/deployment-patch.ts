import { DECISION, ROLLBACKS, STANDING } from "../kubernetes/annotations.ts";
import type { Patch } from "../kubernetes/api.ts";
import type { Deployment, PodTemplate, ReplicaSet } from "../kubernetes/objects.ts";
import { HASH_LABEL } from "../releases/deployment-digest.ts";
import { type Notes, rollbackPatch } from "./patch.ts";

/** Annotations that belong to the object that carries them: `kubectl rollout undo` leaves the Deployment its own. */
const OWN: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deployment.kubernetes.io/revision",
  "deployment.kubernetes.io/revision-history",
  "deployment.kubernetes.io/desired-replicas",
  "deployment.kubernetes.io/max-replicas",
  "deprecated.deployment.rollback.to",
]);

/** Copies of these on a ReplicaSet are of another time. */
const OURS: ReadonlySet<string> = new Set([DECISION, ROLLBACKS, STANDING]);

/**
 * Puts a ReplicaSet's template back, with the annotations that `kubectl rollout undo` would leave. Replicas are not
 * named.
 */
export function deploymentPatch(deployment: Deployment, replicaSet: ReplicaSet, notes: Notes): Patch {
  const annotations = {
    ...pick(deployment.metadata.annotations, (key) => OWN.has(key)),
    ...pick(replicaSet.metadata.annotations, (key) => !OWN.has(key) && !OURS.has(key)),
  };
  const value = withoutHash(replicaSet.spec.template);
  return rollbackPatch(deployment, { op: "replace", path: "/spec/template", value }, { annotations, notes });
}

function withoutHash(template: PodTemplate): PodTemplate {
  const labels = pick(template.metadata?.labels, (key) => key !== HASH_LABEL);
  return { ...template, metadata: { ...template.metadata, labels } };
}

function pick(
  map: Readonly<Record<string, string>> | undefined,
  keep: (key: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => keep(key)));
}
