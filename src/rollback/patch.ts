import { DECISION, formatRollbacks, ROLLBACKS, type RollbackNote } from "../kubernetes/annotations.ts";
import type { JsonPatchStep, Patch } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/objects.ts";

/** What a target remembers of its rollbacks, the one that is being done first. */
export type Notes = readonly [RollbackNote, ...RollbackNote[]];

/** One change that is a rollback, and beside the annotations that stay what must outlive a lost log, in one write. */
export function rollbackPatch(
  object: KubeObject,
  change: JsonPatchStep,
  {
    annotations,
    notes,
  }: { readonly annotations: KubeObject["metadata"]["annotations"]; readonly notes: Notes },
): Patch {
  const marked = { ...annotations, [DECISION]: notes[0].decision, [ROLLBACKS]: formatRollbacks(notes) };
  return conditionalPatch(object, [{ op: "add", path: "/metadata/annotations", value: marked }, change]);
}

/**
 * Setting the resource version and uid that were read is a condition: the API server answers 409 when the object
 * changed since; a "test" step would answer 422, as a broken patch does.
 */
export function conditionalPatch({ metadata }: KubeObject, steps: readonly JsonPatchStep[]): Patch {
  return {
    kind: "json",
    steps: [
      { op: "replace", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
      { op: "replace", path: "/metadata/uid", value: metadata.uid },
      ...steps,
    ],
  };
}
