import { SUSPENDED } from "../../kubernetes/annotations.ts";
import type { Patch } from "../../kubernetes/api.ts";
import type { ResourceRef } from "../../kubernetes/resource.ts";
import { type GitOpsOwner, ownerText } from "../../releases/gitops-owner.ts";
import type { Suspension } from "../act.ts";
import type { Reconciled } from "./owner-object.ts";

/** As `flux suspend` does it. */
export function fluxPatch({ metadata: { resourceVersion } }: Reconciled, decisionId: string): Patch {
  return {
    kind: "merge",
    value: {
      metadata: { resourceVersion, annotations: { [SUSPENDED]: decisionId } },
      spec: { suspend: true },
    },
  };
}

/** Undefined where it was suspended before this decision, and not by it. */
export function fluxSuspension(
  owner: GitOpsOwner,
  { resource, namespace, name }: ResourceRef,
  { metadata, spec }: Reconciled,
  decisionId: string,
): Suspension | undefined {
  if (spec.suspend === true && metadata.annotations?.[SUSPENDED] !== decisionId) return undefined;
  const kind = resource.replace(/s$/u, "");
  return {
    owner: ownerText(owner),
    detail: `${ownerText(owner)} was suspended, so that it does not undo the rollback.`,
    resume: `flux resume ${kind} ${name} --namespace ${namespace}`,
  };
}
