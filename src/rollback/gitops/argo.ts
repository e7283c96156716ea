import { SUSPENDED } from "../../kubernetes/annotations.ts";
import type { Patch } from "../../kubernetes/api.ts";
import type { ResourceRef } from "../../kubernetes/resource.ts";
import { type GitOpsOwner, ownerText } from "../../releases/gitops-owner.ts";
import type { Suspension } from "../act.ts";
import { type Application, isAutomated } from "./owner-object.ts";

type Automated = Readonly<Record<string, unknown>>;

/** Takes the automated sync out of the Application and keeps it in an annotation. */
export function argoPatch({ metadata, spec }: Application, decisionId: string): Patch {
  const { resourceVersion } = metadata;
  const { automated } = spec.syncPolicy ?? {};
  const annotations = { [SUSPENDED]: JSON.stringify({ decision: decisionId, automated }) };
  return {
    kind: "merge",
    value: { metadata: { resourceVersion, annotations }, spec: { syncPolicy: { automated: null } } },
  };
}

/** Undefined where the Application did not sync without being asked before this decision. */
export function argoSuspension(
  owner: GitOpsOwner,
  { namespace, name }: ResourceRef,
  application: Application,
  decisionId: string,
): Suspension | undefined {
  const automated = isAutomated(application)
    ? application.spec.syncPolicy?.automated
    : keptIn(application, decisionId);
  if (!automated) return undefined;
  const patch = { metadata: { annotations: { [SUSPENDED]: null } }, spec: { syncPolicy: { automated } } };
  return {
    owner: ownerText(owner),
    detail: `The automated sync of ${ownerText(owner)} was taken out, so that it does not undo the rollback.`,
    resume: `kubectl -n ${namespace} patch applications.argoproj.io ${name} --type merge -p '${JSON.stringify(patch)}'`,
  };
}

/** What was taken out for the same decision, before a crash. */
function keptIn({ metadata }: Application, decisionId: string): Automated | undefined {
  try {
    const kept = JSON.parse(metadata.annotations?.[SUSPENDED] ?? "") as Readonly<
      Record<string, unknown>
    > | null;
    const { decision, automated } = kept ?? {};
    const isOurs = decision === decisionId && typeof automated === "object" && automated !== null;
    return isOurs ? { ...automated } : undefined;
  } catch {
    return undefined;
  }
}
