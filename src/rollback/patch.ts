import { isDeepStrictEqual } from "node:util";
import { DECISION, formatRollbacks, ROLLBACKS, type RollbackNote } from "../kubernetes/annotations.ts";
import type { JsonPatchStep, KubeApi, Patch } from "../kubernetes/api.ts";
import { KubeError } from "../kubernetes/error.ts";
import type { KubeObject } from "../kubernetes/objects.ts";
import { describe, type ResourceRef } from "../kubernetes/resource.ts";
import { pointer, valueAt } from "./json-pointer.ts";

/** What a target remembers of its rollbacks, the one that is being done first. */
export type Notes = readonly [RollbackNote, ...RollbackNote[]];

/** A value, or undefined for an annotation that goes. */
export type AnnotationChanges = Readonly<Record<string, string | undefined>>;

interface RollbackChange {
  /** What must still hold, beside the object's uid, for the change to be made. */
  readonly given: JsonPatchStep;
  readonly change: JsonPatchStep;
  readonly notes: Notes;
  /** Of annotations that are not rollbackd's own. */
  readonly annotations?: AnnotationChanges;
}

/** One change that is a rollback, and the annotations that must outlive a lost log, in one write. */
export function rollbackPatch(
  object: KubeObject,
  { given, change, notes, annotations = {} }: RollbackChange,
): Patch {
  const own = { [DECISION]: notes[0].decision, [ROLLBACKS]: formatRollbacks(notes) };
  return conditionalPatch(object, given, [
    ...unchangedSteps(object, annotations),
    ...annotationSteps(object, { ...annotations, ...own }),
    change,
  ]);
}

/** The object is still the one that was read, and `given` holds; the API server answers 422 where that is not so. */
export function conditionalPatch(
  { metadata }: KubeObject,
  given: JsonPatchStep,
  steps: readonly JsonPatchStep[],
): Patch {
  return {
    kind: "json",
    steps: [{ op: "test", path: "/metadata/uid", value: metadata.uid }, given, ...steps],
  };
}

/** The spec is as it was read. Status writes, which can come many times a second, do not change the generation. */
export function sameGeneration({ metadata }: KubeObject): JsonPatchStep {
  return { op: "test", path: "/metadata/generation", value: metadata.generation ?? null };
}

/** Key by key, so that annotations that others set at the same time stay. */
function annotationSteps({ metadata }: KubeObject, changes: AnnotationChanges): readonly JsonPatchStep[] {
  const { annotations } = metadata;
  if (annotations === undefined) {
    const path = "/metadata/annotations";
    // A map that somebody else made in between must not be replaced.
    return [
      { op: "test", path, value: null },
      { op: "add", path, value: defined(changes) },
    ];
  }
  return Object.entries(changes).flatMap<JsonPatchStep>(([key, value]) => {
    const path = annotationPath(key);
    if (value !== undefined) return [{ op: "add", path, value }];
    return key in annotations ? [{ op: "remove", path }] : [];
  });
}

/** What others write, too, is replaced only while it is what was read. */
function unchangedSteps({ metadata }: KubeObject, changes: AnnotationChanges): readonly JsonPatchStep[] {
  return Object.keys(changes).flatMap<JsonPatchStep>((key) => {
    const value = metadata.annotations?.[key];
    return value === undefined ? [] : [{ op: "test", path: annotationPath(key), value }];
  });
}

function annotationPath(key: string): string {
  return `/metadata/annotations/${pointer(key)}`;
}

function defined(changes: AnnotationChanges): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(changes).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/**
 * Sends a patch and gives the object as the API server answers it. A 422 can mean that a condition of the patch did
 * not hold, or that validation or admission refused the change: a second look tells them apart. Throws KubeError, a
 * condition that does not hold as "conflict".
 */
export async function patchIfUnchanged<T extends KubeObject>(
  api: KubeApi,
  ref: ResourceRef,
  patch: Patch,
  signal: AbortSignal,
): Promise<T> {
  try {
    return await api.patch<T>(ref, patch, signal);
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 422 || patch.kind !== "json") throw error;
    const now = await api.get<T>(ref, signal);
    const changed = patch.steps.find((step) => step.op === "test" && !holds(step, now));
    if (changed === undefined) throw error;
    const said = `Could not patch ${describe(ref)}: its ${changed.path} was changed by others after it was read.`;
    throw new KubeError("conflict", said, { status: 422, cause: error });
  }
}

function holds({ path, value }: Extract<JsonPatchStep, { op: "test" }>, object: KubeObject): boolean {
  return isDeepStrictEqual(valueAt(object, path) ?? null, value);
}
