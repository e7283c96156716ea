/**
 * Argo CD and Flux keep an object as it is written in Git. `controller`: an operator keeps it as its own resource
 * says. `helm` changes it only when somebody runs it.
 */
export type GitOpsTool = "argocd" | "flux-kustomization" | "flux-helmrelease" | "helm" | "controller";

/** Whose wish an object is, beside that of whoever changes it by hand. */
export interface GitOpsOwner {
  readonly tool: GitOpsTool;
  /** Of the Application, Kustomization, HelmRelease, Helm release or owning resource; absent where only its controller shows. */
  readonly name?: string;
  readonly namespace?: string;
  /** Of a `controller`: what the owner reference says. */
  readonly kind?: string;
  readonly apiVersion?: string;
  /** What on the object tells of it. */
  readonly seenIn: string;
  /** Why it does not put back a change of the target without being asked; absent where it does, or may. */
  readonly leavesAlone?: string;
  /** The objects of the target that name it. */
  readonly keeps?: readonly KeptObject[];
}

/** An object of a target, in the terms in which owners list what they keep. */
export interface KeptObject {
  /** Empty for the core group. */
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name` of the Helm release that the object's own annotations name. */
  readonly release?: string;
}

/** Each owner once, with all objects that name it. */
export function mergeOwners(all: readonly GitOpsOwner[]): readonly GitOpsOwner[] {
  return [...Map.groupBy(all, ownerText).values()].flatMap((same) => {
    const [first] = same;
    const keeps = same.flatMap((owner) => owner.keeps ?? []);
    return first === undefined ? [] : [keeps.length === 0 ? first : { ...first, keeps }];
  });
}

type ControllerTool = Exclude<GitOpsTool, "helm" | "controller">;

/** As `managedFields` calls the controllers. */
const MANAGERS: Readonly<Record<string, ControllerTool>> = {
  "argocd-controller": "argocd",
  "argocd-application-controller": "argocd",
  "kustomize-controller": "flux-kustomization",
  "helm-controller": "flux-helmrelease",
};

/** The controller of a GitOps tool, by its name in `managedFields`. */
export function toolOf(manager: string): ControllerTool | undefined {
  return Object.hasOwn(MANAGERS, manager) ? MANAGERS[manager] : undefined;
}

const TOOLS: Readonly<
  Record<Exclude<GitOpsTool, "controller">, { readonly tool: string; readonly what: string }>
> = {
  argocd: { tool: "Argo CD", what: "application" },
  "flux-kustomization": { tool: "Flux", what: "Kustomization" },
  "flux-helmrelease": { tool: "Flux", what: "HelmRelease" },
  helm: { tool: "Helm", what: "release" },
};

/** `Flux Kustomization apps/shop`; `Argo CD` where its application is not named; `KafkaConnect shop/orders (kafka.strimzi.io/v1beta2)`. */
export function ownerText(owner: Omit<GitOpsOwner, "seenIn">): string {
  const { tool, name, namespace, kind = "", apiVersion = "" } = owner;
  if (tool === "controller") return `${kind} ${namespace ?? ""}/${name ?? ""} (${apiVersion})`;
  const { tool: called, what } = TOOLS[tool];
  if (name === undefined) return called;
  return `${called} ${what} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

/** The command that opens the resource by which a `controller` keeps the target; undefined for other owners. */
export function editCommand({
  tool,
  name,
  namespace,
  kind = "",
  apiVersion = "",
}: GitOpsOwner): string | undefined {
  if (tool !== "controller") return undefined;
  const [group, version] = apiVersion.split("/");
  const resource = version === undefined ? kind : `${kind}.${version}.${group}`;
  return `kubectl -n ${namespace ?? ""} edit ${resource.toLowerCase()} ${name ?? ""}`;
}

/** `Argo CD (argocd-controller)`, or the manager alone where it is no GitOps tool's. */
export function writerText(manager: string): string {
  const tool = toolOf(manager);
  return tool === undefined ? manager : `${TOOLS[tool].tool} (${manager})`;
}
