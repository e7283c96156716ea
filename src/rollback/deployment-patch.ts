import {
  DECISION,
  formatRollbacks,
  ROLLBACKS,
  STANDING,
  type RollbackNote,
} from "../kubernetes/annotations.ts";
import type { Patch } from "../kubernetes/api.ts";
import type { Deployment, PodTemplate, ReplicaSet } from "../kubernetes/objects.ts";
import { HASH_LABEL } from "../releases/deployment-digest.ts";

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
 * Puts a ReplicaSet's template back, with the annotations that `kubectl rollout undo` would leave and what
 * must outlive a lost log. Setting the resource version and uid that were read makes the API server answer 409
 * when the object changed since; a "test" step would answer 422, as a broken patch does. Replicas are not named.
 */
export function rollbackPatch(
  { metadata }: Deployment,
  replicaSet: ReplicaSet,
  rollbacks: readonly [RollbackNote, ...RollbackNote[]],
): Patch {
  const annotations = {
    ...pick(metadata.annotations, (key) => OWN.has(key)),
    ...pick(replicaSet.metadata.annotations, (key) => !OWN.has(key) && !OURS.has(key)),
    [DECISION]: rollbacks[0].decision,
    [ROLLBACKS]: formatRollbacks(rollbacks),
  };
  return {
    kind: "json",
    steps: [
      { op: "replace", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
      { op: "replace", path: "/metadata/uid", value: metadata.uid },
      { op: "add", path: "/metadata/annotations", value: annotations },
      { op: "replace", path: "/spec/template", value: withoutHash(replicaSet.spec.template) },
    ],
  };
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
