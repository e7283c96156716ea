import { FIELD_MANAGER } from "../../kubernetes/annotations.ts";
import { KubeError } from "../../kubernetes/error.ts";
import type { KubeObject } from "../../kubernetes/objects.ts";
import { COMMON_INSTANCE, gitOpsOwners } from "../../releases/gitops-detect.ts";
import { type GitOpsOwner, ownerText, toolOf } from "../../releases/gitops-owner.ts";
import { unclaimedByApplication, unclaimedByHelmRelease, unclaimedByKustomization } from "./claim.ts";
import {
  type Application,
  type ApplicationSet,
  applicationRef,
  applicationSetRef,
  helmReleaseRef,
  isAutomated,
  kustomizationRef,
  type OwnerReader,
} from "./owner-object.ts";
import { NotSuspendable } from "./refused.ts";

/** The field of an owner's object that a suspension changes. */
interface Field {
  readonly kind: "Application" | "Kustomization" | "HelmRelease";
  /** `/spec/syncPolicy/automated` */
  readonly pointer: string;
}

export const AUTOMATED: Field = { kind: "Application", pointer: "/spec/syncPolicy/automated" };
export const SUSPEND = { pointer: "/spec/suspend" } as const;

interface Asked {
  readonly reader: OwnerReader;
  readonly argocdNamespace: string;
}

/**
 * Why a change of the field would not last: something that owns the very field, by Apply or by Update, puts it back
 * without being asked. Undefined where nothing does. Throws KubeError for what the API server did not answer.
 */
export async function whyNotLasting(
  object: KubeObject,
  field: Field,
  { reader, argocdNamespace }: Asked,
): Promise<string | undefined> {
  const set = object.metadata.ownerReferences?.find(({ kind }) => kind === "ApplicationSet");
  if (set !== undefined) {
    const why = await whySetRestores(object, set.name ?? "", field, reader);
    if (why !== undefined) return why;
  }
  const managers = managersOf(object, field);
  const stranger = managers?.find(
    ({ manager, operation }) => operation === "Apply" && toolOf(manager) === undefined && !isByHand(manager),
  );
  if (stranger !== undefined) {
    return `${stranger.manager} sets ${dotted(field)} by server-side apply and would have it go on. Suspend it there.`;
  }
  for (const parent of parentsOf(object, managers)) {
    const why = await whyParentRestores(object, parent, field, { reader, argocdNamespace });
    if (why !== undefined) return why;
  }
  return undefined;
}

interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update" | undefined;
}

/** Those that own the field; undefined where the API server keeps no managed fields, so that any may. */
function managersOf({ metadata }: KubeObject, { pointer }: Field): readonly Manager[] | undefined {
  const fields = metadata.managedFields ?? [];
  if (fields.length === 0) return undefined;
  const path = pointer.slice(1).split("/");
  return fields.flatMap(({ manager = "", operation, subresource, fieldsV1 }) => {
    const owned = path.reduce<unknown>(
      (inner, key) =>
        typeof inner === "object" && inner !== null
          ? (inner as Readonly<Record<string, unknown>>)[`f:${key}`]
          : undefined,
      fieldsV1,
    );
    const isOther = manager !== FIELD_MANAGER && subresource === undefined;
    return owned !== undefined && isOther ? [{ manager, operation }] : [];
  });
}

/** Command lines and consoles change a field once, and correct nothing. */
function isByHand(manager: string): boolean {
  return /^(?:kubectl|flux$|helm$|argocd(?:-server)?$|k9s|headlamp)/u.test(manager);
}

/** What keeps the owner's object itself as it is in Git, as far as it owns the field. */
function parentsOf(object: KubeObject, managers: readonly Manager[] | undefined): readonly GitOpsOwner[] {
  const tools = managers && new Set(managers.flatMap(({ manager }) => toolOf(manager) ?? []));
  const named = gitOpsOwners(object, { writers: [] }).filter(({ tool }) => tool !== "helm");
  const parents = named.filter(({ tool }) => tools === undefined || tools.has(tool as never));
  const found = new Set(parents.map(({ tool }) => tool));
  const others = [...(tools ?? [])].filter((tool) => !found.has(tool));
  const instance = object.metadata.labels?.[COMMON_INSTANCE];
  return [
    ...parents,
    ...others.map((tool) =>
      tool === "argocd" && instance !== undefined
        ? { tool, name: instance, seenIn: "managedFields" }
        : { tool, seenIn: "managedFields" },
    ),
  ];
}

async function whySetRestores(
  object: KubeObject,
  name: string,
  field: Field,
  reader: OwnerReader,
): Promise<string | undefined> {
  const { namespace = "" } = object.metadata;
  const set = await reader.applicationSet(applicationSetRef(namespace, name));
  const sync = set.spec.syncPolicy?.applicationsSync ?? "sync";
  if (sync === "create-only" || sync === "create-delete") return undefined;
  if (isIgnoredBySet(set, object.metadata.name, field)) return undefined;
  return (
    `ApplicationSet ${namespace}/${name} makes this Application and would have it go on. Suspend it there, or let ` +
    `the ApplicationSet ignore /spec/syncPolicy (ignoreApplicationDifferences).`
  );
}

function isIgnoredBySet({ spec }: ApplicationSet, application: string, field: Field): boolean {
  return (spec.ignoreApplicationDifferences ?? []).some(
    (rule) => (!rule.name || rule.name === application) && covers(rule, field),
  );
}

function covers(
  {
    jsonPointers,
    jqPathExpressions,
  }: {
    readonly jsonPointers?: readonly string[] | null;
    readonly jqPathExpressions?: readonly string[] | null;
  },
  { pointer }: Field,
): boolean {
  const pointers = [
    ...(jsonPointers ?? []),
    ...(jqPathExpressions ?? []).map((path) => path.replaceAll(".", "/")),
  ];
  return pointers.some((covered) => covered === pointer || pointer.startsWith(`${covered}/`));
}

async function whyParentRestores(
  object: KubeObject,
  parent: GitOpsOwner,
  field: Field,
  asked: Asked,
): Promise<string | undefined> {
  const { namespace = asked.argocdNamespace, name } = parent;
  if (name === undefined || (parent.tool !== "argocd" && parent.namespace === undefined)) {
    return `${ownerText(parent)} sets ${dotted(field)}, and the object does not show by which of its own objects. Suspend it there.`;
  }
  try {
    const restores = await restoresField(object, { ...parent, namespace, name }, field, asked.reader);
    return restores
      ? `${ownerText({ ...parent, namespace, name })} sets ${dotted(field)} and would have it go on. Suspend it there.`
      : undefined;
  } catch (error) {
    if (!(error instanceof NotSuspendable) && !(error instanceof KubeError && !error.retryable)) throw error;
    return `whether ${ownerText({ ...parent, namespace, name })} would have it go on cannot be known: ${error.message}`;
  }
}

type Located = GitOpsOwner & { readonly namespace: string; readonly name: string };

async function restoresField(
  object: KubeObject,
  parent: Located,
  field: Field,
  reader: OwnerReader,
): Promise<boolean> {
  const { namespace, name, tool } = parent;
  const kept = keptOf(object, field);
  switch (tool) {
    case "argocd": {
      const application = await reader.application(applicationRef(namespace, name));
      refuseUnlisted(unclaimedByApplication(application, kept));
      return isAutomated(application) && !isIgnoredByParent(application, field);
    }
    case "flux-kustomization": {
      const kustomization = await reader.kustomization(kustomizationRef(namespace, name));
      refuseUnlisted(unclaimedByKustomization(kustomization, kept));
      const ssa = object.metadata.annotations?.["kustomize.toolkit.fluxcd.io/ssa"] ?? "";
      return kustomization.spec.suspend !== true && !/^(?:IfNotPresent|Ignore)$/iu.test(ssa);
    }
    case "flux-helmrelease": {
      const release = await reader.helmRelease(helmReleaseRef(namespace, name));
      refuseUnlisted(unclaimedByHelmRelease(release, kept));
      return release.spec.suspend !== true && release.spec.driftDetection?.mode === "enabled";
    }
    case "helm":
      return false;
    case "controller":
      return true;
  }
}

/** A label may be left over, or be another tool's: what does not list the object is not known to keep it. */
function refuseUnlisted(unclaimed: string | undefined): void {
  if (unclaimed !== undefined) throw new NotSuspendable(`${unclaimed}.`);
}

/** Argo CD leaves an ignored field alone in a sync only with the second of the two. */
function isIgnoredByParent({ spec }: Application, field: Field): boolean {
  const isRespected = spec.syncPolicy?.syncOptions?.includes("RespectIgnoreDifferences=true") ?? false;
  return (
    isRespected &&
    (spec.ignoreDifferences ?? []).some((rule) => rule.kind === field.kind && covers(rule, field))
  );
}

function keptOf({ metadata }: KubeObject, { kind }: Field) {
  const group = GROUPS[kind];
  const { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": within } =
    metadata.annotations ?? {};
  return {
    group,
    kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    ...(release !== undefined && within !== undefined && { release: `${within}/${release}` }),
  };
}

const GROUPS = {
  Application: "argoproj.io",
  Kustomization: "kustomize.toolkit.fluxcd.io",
  HelmRelease: "helm.toolkit.fluxcd.io",
} as const satisfies Record<Field["kind"], string>;

/** `spec.syncPolicy.automated` */
function dotted({ pointer }: Field): string {
  return pointer.slice(1).replaceAll("/", ".");
}
