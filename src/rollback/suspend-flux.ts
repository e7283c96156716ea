import { Ajv } from "ajv";
import { Type } from "typebox";
import { FIELD_MANAGER, SUSPENDED } from "../kubernetes/annotations.ts";
import type { KubeApi } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/objects.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import { type GitOpsOwner, ownerText } from "../releases/gitops-owner.ts";
import type { Suspension } from "./act.ts";
import { NotSuspendable, unreadable } from "./suspend-refused.ts";

interface Reconciled extends KubeObject {
  readonly spec: { readonly suspend?: boolean | null };
}

const isReconciled = new Ajv().compile<Reconciled>(
  Type.Object({
    spec: Type.Object({ suspend: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])) }),
  }),
);

/**
 * As `flux suspend` does it. Undefined when somebody else suspended it before. Throws KubeError and NotSuspendable.
 */
export async function suspendFlux(
  owner: GitOpsOwner,
  decisionId: string,
  api: KubeApi,
  signal: AbortSignal,
): Promise<Suspension | undefined> {
  const { name, namespace } = owner;
  if (name === undefined || namespace === undefined) {
    throw new NotSuspendable("the target does not show by which object it is kept. Suspend it by hand.");
  }
  const ref = refOf(owner, namespace, name);
  const object = await api.get<KubeObject>(ref, signal);
  if (!isReconciled(object)) throw unreadable(isReconciled.errors);
  const { metadata, spec } = object;
  const isOurs = metadata.annotations?.[SUSPENDED] === decisionId;
  if (spec.suspend === true) return isOurs ? suspension(owner, ref) : undefined;
  const contender = whoeverApplies(object);
  if (contender !== undefined) {
    throw new NotSuspendable(
      `its own manifest sets spec.suspend, so ${contender} would have it go on. Suspend it in that manifest.`,
    );
  }
  const { resourceVersion } = metadata;
  const value = {
    metadata: { resourceVersion, annotations: { [SUSPENDED]: decisionId } },
    spec: { suspend: true },
  };
  await api.patch(ref, { kind: "merge", value }, signal);
  return suspension(owner, ref);
}

function refOf(
  { tool }: GitOpsOwner,
  namespace: string,
  name: string,
): ResourceRef & { readonly name: string } {
  return tool === "flux-helmrelease"
    ? { group: "helm.toolkit.fluxcd.io", resource: "helmreleases", namespace, name }
    : { group: "kustomize.toolkit.fluxcd.io", resource: "kustomizations", namespace, name };
}

/** Server-side apply takes back what its manifest says, and leaves alone what it does not. */
function whoeverApplies({ metadata }: KubeObject): string | undefined {
  const found = (metadata.managedFields ?? []).find(({ manager, operation, fieldsV1 }) => {
    const spec = fieldsV1?.["f:spec"];
    const sets = typeof spec === "object" && spec !== null && "f:suspend" in spec;
    return sets && operation === "Apply" && manager !== FIELD_MANAGER;
  });
  return found?.manager;
}

function suspension(owner: GitOpsOwner, { resource, namespace, name }: ResourceRef): Suspension {
  const kind = resource.replace(/s$/u, "");
  return {
    owner: ownerText(owner),
    detail: `${ownerText(owner)} was suspended, so that it does not undo the rollback.`,
    resume: `flux resume ${kind} ${name} --namespace ${namespace}`,
  };
}
