import type { Patch } from "../kubernetes/api.ts";
import type { ReplicaSet, StatefulSet } from "../kubernetes/objects.ts";
import { type Notes, rollbackPatch } from "./patch.ts";

/**
 * Puts a revision's template back as a whole, as its own patch says; `kubectl rollout undo` leaves the annotations of
 * a StatefulSet alone. Replicas are not named.
 */
export function statefulSetPatch(statefulSet: StatefulSet, { spec }: ReplicaSet, notes: Notes): Patch {
  const change = { op: "replace", path: "/spec/template", value: spec.template } as const;
  return rollbackPatch(statefulSet, change, { annotations: statefulSet.metadata.annotations, notes });
}
