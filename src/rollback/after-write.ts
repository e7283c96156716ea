import type { KubeApi } from "../kubernetes/api.ts";
import { KubeError } from "../kubernetes/error.ts";
import type { Deployment, KubeObject, PodTemplate } from "../kubernetes/objects.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import { digestAmong, sameTemplate } from "../releases/deployment-digest.ts";
import { templateDiff } from "../releases/template-diff.ts";
import type { Applied, RollbackOrder } from "./act.ts";
import { ranPatch } from "./own-write.ts";
import { patchIfUnchanged } from "./patch.ts";

/** More lines than these make no sentence. */
const MOST_CHANGES = 10;

/** What a rollback's write left on a workload. */
export interface Written {
  /** The template that was to be put back, where it is still known. */
  readonly asked: PodTemplate | undefined;
  /** The template with which the object runs since. */
  readonly got: PodTemplate;
  /** As it was last read. */
  readonly object: KubeObject;
}

/** What is to be written after the change itself. Bounded in time; never throws. */
export async function afterWrite(
  { api, ref }: { readonly api: KubeApi; readonly ref: ResourceRef },
  order: RollbackOrder,
  { asked, got, object }: Written,
  signal: AbortSignal,
): Promise<{ readonly sentences: readonly string[] } & Pick<Applied, "runs">> {
  if (asked !== undefined && sameTemplate(asked, got)) return { sentences: [] };
  const { to } = order;
  const digest = digestAmong(got, [to.digest]);
  // Annotations that admission added make no other revision.
  if (digest === to.digest) return { sentences: asked === undefined ? [] : [admissionText(asked, got)] };
  const patch = ranPatch(order, object, digest);
  const admission = admissionText(asked, got);
  if (patch === undefined) return { sentences: [admission], runs: { digest } };
  try {
    const { spec } = await patchIfUnchanged<Deployment>(api, ref, patch, signal);
    // Admission may change the template at each write.
    return { sentences: [admission], runs: { digest: digestAmong(spec.template, [to.digest]) } };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    const unnoted = `This could not be noted on the object, and only the decision log holds it: ${error.message}`;
    return { sentences: [admission, unnoted], runs: { digest } };
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
