import { Ajv } from "ajv";
import { Type } from "typebox";
import { SUSPENDED } from "../kubernetes/annotations.ts";
import type { KubeApi } from "../kubernetes/api.ts";
import type { KubeObject } from "../kubernetes/objects.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import { gitOpsOwner } from "../releases/gitops-detect.ts";
import { type GitOpsOwner, ownerText } from "../releases/gitops-owner.ts";
import type { Suspension } from "./act.ts";
import { NotSuspendable, unreadable } from "./suspend-refused.ts";

type Automated = Readonly<Record<string, unknown>>;

interface Application extends KubeObject {
  readonly spec: { readonly syncPolicy?: { readonly automated?: Automated | null } | null };
}

const isApplication = new Ajv().compile<Application>(
  Type.Object({
    spec: Type.Object({
      syncPolicy: Type.Optional(
        Type.Union([
          Type.Object({
            automated: Type.Optional(
              Type.Union([Type.Object({ enabled: Type.Optional(Type.Boolean()) }), Type.Null()]),
            ),
          }),
          Type.Null(),
        ]),
      ),
    }),
  }),
);

/**
 * Takes the automated sync out of the Application and keeps it in an annotation. Undefined when it does not sync by
 * itself. Throws KubeError and NotSuspendable.
 */
export async function suspendArgo(
  owner: GitOpsOwner & { readonly namespace: string },
  decisionId: string,
  api: KubeApi,
  signal: AbortSignal,
): Promise<Suspension | undefined> {
  const { name, namespace } = owner;
  if (name === undefined) {
    throw new NotSuspendable("the target does not show which Application keeps it. Suspend it by hand.");
  }
  const ref: ResourceRef = { group: "argoproj.io", resource: "applications", namespace, name };
  const application = await api.get<KubeObject>(ref, signal);
  if (!isApplication(application)) throw unreadable(isApplication.errors);
  const automated = application.spec.syncPolicy?.automated ?? undefined;
  if (automated === undefined || automated["enabled"] === false) {
    const kept = keptIn(application, decisionId);
    return kept && suspension(owner, ref, kept);
  }
  refuseWhatWouldNotLast(application);
  const { resourceVersion } = application.metadata;
  const annotations = { [SUSPENDED]: JSON.stringify({ decision: decisionId, automated }) };
  const value = { metadata: { resourceVersion, annotations }, spec: { syncPolicy: { automated: null } } };
  await api.patch(ref, { kind: "merge", value }, signal);
  return suspension(owner, ref, automated);
}

/** Whoever makes the Application puts back what is taken out of it. */
function refuseWhatWouldNotLast(application: Application): void {
  const set = application.metadata.ownerReferences?.find(({ kind }) => kind === "ApplicationSet");
  const parent = gitOpsOwner(application);
  const maker = set === undefined ? parent && ownerText(parent) : `ApplicationSet ${set.name}`;
  if (maker === undefined) return;
  throw new NotSuspendable(`${maker} makes this Application and would have it go on. Suspend it there.`);
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

function suspension(owner: GitOpsOwner, { namespace, name }: ResourceRef, automated: Automated): Suspension {
  const patch = { metadata: { annotations: { [SUSPENDED]: null } }, spec: { syncPolicy: { automated } } };
  return {
    owner: ownerText(owner),
    detail: `The automated sync of ${ownerText(owner)} was taken out, so that it does not undo the rollback.`,
    resume: `kubectl -n ${namespace} patch applications.argoproj.io ${name} --type merge -p '${JSON.stringify(patch)}'`,
  };
}
