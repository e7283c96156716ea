import type { Patch } from "../kubernetes/api.ts";
import type { ReplicaSet, StatefulSet } from "../kubernetes/objects.ts";
import { LAST_APPLIED, lastAppliedWith } from "./last-applied.ts";
import { type Notes, rollbackPatch, sameGeneration } from "./patch.ts";

/**
 * Puts a revision's template back as a whole, as its own patch says. A ControllerRevision has the change cause of the
 * time when it was made, which people set later: as `kubectl rollout undo` does, it is left alone. Replicas are not
 * named.
 */
export function statefulSetPatch(statefulSet: StatefulSet, { spec }: ReplicaSet, notes: Notes): Patch {
  const lastApplied = lastAppliedWith(statefulSet, statefulSet.spec.template, spec.template);
  return rollbackPatch(statefulSet, {
    given: sameGeneration(statefulSet),
    change: { op: "replace", path: "/spec/template", value: spec.template },
    notes,
    annotations: { ...(lastApplied !== undefined && { [LAST_APPLIED]: lastApplied }) },
  });
}
