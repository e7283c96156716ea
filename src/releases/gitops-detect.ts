import type { KubeObject } from "../kubernetes/objects.ts";
import { type GitOpsOwner, type GitOpsTool, type KeptObject, toolOf } from "./gitops-owner.ts";
import { templateWriters } from "./template-writer.ts";

/** An object that its owner is told to leave alone. */
const LEFT_ALONE = ["kustomize.toolkit.fluxcd.io/reconcile", "disabled"] as const;

interface Look {
  /** Of what a rollback changes on the object. Default: writers of its pod template. */
  readonly writers?: readonly string[];
  /** Default: Deployment, or StatefulSet for one that is read as a Deployment. */
  readonly kind?: string;
}

/**
 * Everything that keeps an object as it is elsewhere. An operator undoes a change whatever made its own resource.
 * Charts are rendered by Argo CD and Flux, too, and then those are the owners. Two tools may both name the object, as
 * during a migration from one to the other.
 */
export function gitOpsOwners(object: KubeObject, look: Look = {}): readonly GitOpsOwner[] {
  const { writers = templateWriters(object) } = look;
  const keeps = [keptObject(object, look.kind)];
  const operator = ownedByController(object);
  if (operator !== undefined) return [{ ...operator, keeps }];
  const named = [
    trackedByArgo(object) ?? labelledByArgo(object),
    labelledByFlux(object, "kustomize.toolkit.fluxcd.io", "flux-kustomization"),
    labelledByFlux(object, "helm.toolkit.fluxcd.io", "flux-helmrelease"),
  ].filter((owner) => owner !== undefined);
  const other = writtenByController(object, writers) ?? releasedByHelm(object);
  const owners = named.length > 0 || other === undefined ? named : [other];
  return owners.map((owner) => Object.assign(owner, { keeps }));
}

/** A StatefulSet that is read as a Deployment has its kind before its name. */
const STATEFULSET = "statefulset/";

function keptObject({ metadata }: KubeObject, kind?: string): KeptObject {
  const isStatefulSet = metadata.name.startsWith(STATEFULSET);
  const release = metadata.annotations?.["meta.helm.sh/release-name"];
  const within = metadata.annotations?.["meta.helm.sh/release-namespace"];
  return {
    group: kind === "Service" ? "" : "apps",
    kind: kind ?? (isStatefulSet ? "StatefulSet" : "Deployment"),
    namespace: metadata.namespace ?? "",
    name: isStatefulSet ? metadata.name.slice(STATEFULSET.length) : metadata.name,
    ...(release !== undefined && within !== undefined && { release: `${within}/${release}` }),
  };
}

/** A controlling owner makes the object from a resource of its own, such as KafkaConnect, and makes it again after a change. */
function ownedByController({
  metadata: { namespace, ownerReferences = [] },
}: KubeObject): GitOpsOwner | undefined {
  const owner = ownerReferences.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const { kind = "", name = "", apiVersion = "" } = owner;
  const within = namespace === undefined ? {} : { namespace };
  return { tool: "controller", kind, name, apiVersion, ...within, seenIn: "controlling ownerReference" };
}

const TRACKING = "argocd.argoproj.io/tracking-id";

/** `app:group/Kind:namespace/name`; on a copy of the annotation the end names another object. */
function trackedByArgo({ metadata }: KubeObject): GitOpsOwner | undefined {
  const [, app = "", , place] =
    /^([^:]+):([^:]*):([^:]+)$/u.exec(metadata.annotations?.[TRACKING] ?? "") ?? [];
  // A StatefulSet that is read as a Deployment has its kind before its name.
  const name = metadata.name.split("/").at(-1);
  if (app === "" || place !== `${metadata.namespace}/${name}`) return undefined;
  return { ...argoApp(app), seenIn: `annotation ${TRACKING}` };
}

const INSTANCE = "argocd.argoproj.io/instance";

function labelledByArgo({ metadata }: KubeObject): GitOpsOwner | undefined {
  const { labels, annotations } = metadata;
  if (labels?.[INSTANCE] !== undefined) return { ...argoApp(labels[INSTANCE]), seenIn: `label ${INSTANCE}` };
  const app = annotations?.[INSTANCE];
  return app === undefined ? undefined : { ...argoApp(app), seenIn: `annotation ${INSTANCE}` };
}

/** An Application outside of Argo CD's own namespace is called `namespace_name`. */
function argoApp(app: string): Pick<GitOpsOwner, "tool" | "name" | "namespace"> {
  const cut = app.indexOf("_");
  return cut < 0
    ? { tool: "argocd", name: app }
    : { tool: "argocd", namespace: app.slice(0, cut), name: app.slice(cut + 1) };
}

function labelledByFlux(
  { metadata: { labels, annotations } }: KubeObject,
  prefix: string,
  tool: GitOpsTool,
): GitOpsOwner | undefined {
  const name = labels?.[`${prefix}/name`];
  const [key, value] = LEFT_ALONE;
  const isLeftAlone = tool === "flux-kustomization" && annotations?.[key] === value;
  if (name === undefined || isLeftAlone) return undefined;
  const namespace = labels?.[`${prefix}/namespace`];
  return { tool, name, ...(namespace !== undefined && { namespace }), seenIn: `label ${prefix}/name` };
}

/** The label is what Argo CD tracks by where nobody set it up otherwise, and what many charts write. */
export const COMMON_INSTANCE = "app.kubernetes.io/instance";

function writtenByController(
  { metadata: { labels, annotations } }: KubeObject,
  writers: readonly string[],
): GitOpsOwner | undefined {
  if (annotations?.[LEFT_ALONE[0]] === LEFT_ALONE[1]) return undefined;
  const manager = writers.find((writer) => toolOf(writer) !== undefined);
  const tool = manager === undefined ? undefined : toolOf(manager);
  if (tool === undefined) return undefined;
  const app = tool === "argocd" ? labels?.[COMMON_INSTANCE] : undefined;
  return { tool, ...(app !== undefined && { name: app }), seenIn: `managedFields of ${manager}` };
}

function releasedByHelm({ metadata: { labels, annotations } }: KubeObject): GitOpsOwner | undefined {
  const name = annotations?.["meta.helm.sh/release-name"];
  if (name === undefined || labels?.["app.kubernetes.io/managed-by"] !== "Helm") return undefined;
  const namespace = annotations?.["meta.helm.sh/release-namespace"];
  return {
    tool: "helm",
    name,
    ...(namespace !== undefined && { namespace }),
    seenIn: "annotation meta.helm.sh/release-name",
  };
}
