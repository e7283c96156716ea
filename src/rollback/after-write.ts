import type { KubeApi } from "../kubernetes/api.ts";
import { KubeError } from "../kubernetes/error.ts";
import type { Deployment, KubeObject, PodTemplate } from "../kubernetes/objects.ts";
import { describe, type ResourceRef } from "../kubernetes/resource.ts";
import { digestAmong, sameTemplate } from "../releases/deployment-digest.ts";
import { templateDiff } from "../releases/template-diff.ts";
import type { Applied, RollbackOrder } from "./act.ts";
import { appliersOf, handBackSteps } from "./hand-back.ts";
import { nextDeployment } from "./next-deployment.ts";
import { ranPatch } from "./own-write.ts";
import { conditionalPatch, patchIfUnchanged } from "./patch.ts";

/** More lines than these make no sentence. */
const MOST_CHANGES = 10;
/** Others, such as the controllers, write fields of their own at any time. */
const HAND_BACK_TRIES = 5;

/** What a rollback's write left on a workload. */
export interface Written {
  /** The object before the write; undefined where that is not known any more. */
  readonly before: KubeObject | undefined;
  /** The template that was rolled back, and the one that was to be put back, where they are still known. */
  readonly from: PodTemplate | undefined;
  readonly asked: PodTemplate | undefined;
  /** The template with which the object runs since. */
  readonly got: PodTemplate;
  /** As it was last read. */
  readonly object: KubeObject;
}

/** Sentences for people, and what the target runs where that is not what was asked for. */
export interface Aftermath extends Pick<Applied, "runs"> {
  readonly sentences: readonly string[];
}

interface Place {
  readonly api: KubeApi;
  readonly ref: ResourceRef;
}

/** What is to be written after the change itself. Bounded in time; never throws. */
export async function afterWrite(
  place: Place,
  order: RollbackOrder,
  written: Written,
  signal: AbortSignal,
): Promise<Aftermath> {
  const { object, sentences, runs } = await noteAdmission(place, order, written, signal);
  const { from, got, before } = written;
  const refused = await handBack(place, before, object, signal);
  const next = from && nextDeployment({ object, from, to: got }, place.ref);
  const all = [...sentences, ...refused, ...(next === undefined ? [] : [next])];
  return { sentences: all, ...(runs && { runs }) };
}

async function noteAdmission(
  { api, ref }: Place,
  order: RollbackOrder,
  { asked, got, object }: Written,
  signal: AbortSignal,
): Promise<Aftermath & { readonly object: KubeObject }> {
  if (asked !== undefined && sameTemplate(asked, got)) return { object, sentences: [] };
  const { to } = order;
  const digest = digestAmong(got, [to.digest]);
  // Annotations that admission added make no other revision.
  if (digest === to.digest)
    return { object, sentences: asked === undefined ? [] : [admissionText(asked, got)] };
  const patch = ranPatch(order, object, digest);
  const admission = admissionText(asked, got);
  if (patch === undefined) return { object, sentences: [admission], runs: { digest } };
  try {
    const noted = await patchIfUnchanged<Deployment>(api, ref, patch, signal);
    // Admission may change the template at each write.
    const { spec } = noted;
    return {
      object: noted,
      sentences: [admission],
      runs: { digest: digestAmong(spec.template, [to.digest]) },
    };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    const unnoted = `This could not be noted on the object, and only the decision log holds it: ${error.message}`;
    return { object, sentences: [admission, unnoted], runs: { digest } };
  }
}

function admissionText(asked: PodTemplate | undefined, got: PodTemplate): string {
  const lines = templateDiff(asked, got);
  const some = lines.slice(0, MOST_CHANGES).join("; ");
  const more = lines.length > MOST_CHANGES ? `; and ${lines.length - MOST_CHANGES} more` : "";
  return lines.length === 0
    ? "Admission changed the template on the way in."
    : `Admission changed the template on the way in (- removed, + added): ${some}${more}.`;
}

/** Says what the next deployment will meet where the fields could not be given back. */
async function handBack(
  { api, ref }: Place,
  before: KubeObject | undefined,
  object: KubeObject,
  signal: AbortSignal,
): Promise<readonly string[]> {
  let now = object;
  try {
    for (let tried = 1; ; tried += 1) {
      const steps = handBackSteps(before, now);
      if (steps === undefined) return [];
      const [given, ...others] = steps;
      const patch = conditionalPatch(now, given, others);
      const refused = await patchIfUnchanged(api, ref, patch, signal).catch((error: unknown) => error);
      if (!(refused instanceof Error)) return [];
      const isChanging = refused instanceof KubeError && refused.kind === "conflict";
      if (!isChanging || tried === HAND_BACK_TRIES) throw refused;
      now = await api.get<KubeObject>(ref, signal);
    }
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return [stillOurs(now, ref, error)];
  }
}

function stillOurs({ metadata }: KubeObject, ref: ResourceRef, error: KubeError): string {
  const [applier] = appliersOf(metadata.managedFields ?? []);
  return (
    `Fields of the template of ${describe(ref)} belong to the field manager rollbackd now, since they could not be given ` +
    `back (${error.message}). The next server-side apply is refused or keeps them. Apply once with: kubectl apply ` +
    `--server-side --force-conflicts --field-manager=${applier?.manager ?? "MANAGER"} -f FILE`
  );
}
