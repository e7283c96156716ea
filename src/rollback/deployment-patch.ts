import type { Patch } from "../kubernetes/api.ts";
import type { Deployment, PodTemplate, ReplicaSet } from "../kubernetes/objects.ts";
import { HASH_LABEL, without } from "../releases/deployment-digest.ts";
import { LAST_APPLIED, lastAppliedWith } from "./last-applied.ts";
import { type Notes, rollbackPatch, sameGeneration } from "./patch.ts";

const CHANGE_CAUSE = "kubernetes.io/change-cause";

/**
 * Puts a ReplicaSet's template back, with the change cause of that revision. `kubectl rollout undo` puts back all other
 * annotations of the ReplicaSet as well, and so deletes what people and tools set on the Deployment since. Replicas are
 * not named.
 */
export function deploymentPatch(deployment: Deployment, replicaSet: ReplicaSet, notes: Notes): Patch {
  const template = withoutHash(replicaSet.spec.template);
  const lastApplied = lastAppliedWith(deployment, deployment.spec.template, template);
  return rollbackPatch(deployment, {
    given: sameGeneration(deployment),
    change: { op: "replace", path: "/spec/template", value: template },
    notes,
    annotations: {
      [CHANGE_CAUSE]: replicaSet.metadata.annotations?.[CHANGE_CAUSE],
      ...(lastApplied !== undefined && { [LAST_APPLIED]: lastApplied }),
    },
  });
}

function withoutHash(template: PodTemplate): PodTemplate {
  const labels = without(template.metadata?.labels, (key) => key === HASH_LABEL) ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
