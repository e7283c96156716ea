import { DECISION, formatRollbacks, ROLLBACKS, type RollbackNote } from "../kubernetes/annotations.ts";
import type { Patch } from "../kubernetes/api.ts";
import type { ReplicaSet, StatefulSet } from "../kubernetes/objects.ts";

/**
 * Puts a revision's template back as a whole, as its own patch says; `kubectl rollout undo` leaves the annotations of
 * a StatefulSet alone. Setting the resource version and uid that were read makes the API server answer 409 when the
 * object changed since. Replicas are not named.
 */
export function statefulSetPatch(
  { metadata }: StatefulSet,
  revision: ReplicaSet,
  rollbacks: readonly [RollbackNote, ...RollbackNote[]],
): Patch {
  const annotations = {
    ...metadata.annotations,
    [DECISION]: rollbacks[0].decision,
    [ROLLBACKS]: formatRollbacks(rollbacks),
  };
  return {
    kind: "json",
    steps: [
      { op: "replace", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
      { op: "replace", path: "/metadata/uid", value: metadata.uid },
      { op: "add", path: "/metadata/annotations", value: annotations },
      { op: "replace", path: "/spec/template", value: revision.spec.template },
    ],
  };
}
