/** All but Helm keep an object as it is written in Git, by themselves; `helm` does so when somebody runs it. */
export type GitOpsTool = "argocd" | "flux-kustomization" | "flux-helmrelease" | "helm";

/** Whose wish an object is, beside that of whoever changes it by hand. */
export interface GitOpsOwner {
  readonly tool: GitOpsTool;
  /** Of the Application, Kustomization, HelmRelease or Helm release; not there where only its controller shows. */
  readonly name?: string;
  readonly namespace?: string;
  /** What on the object tells of it. */
  readonly seenIn: string;
}

/** As `managedFields` calls the controllers. */
const MANAGERS: Readonly<Record<string, GitOpsTool>> = {
  "argocd-controller": "argocd",
  "argocd-application-controller": "argocd",
  "kustomize-controller": "flux-kustomization",
  "helm-controller": "flux-helmrelease",
};

/** The controller of a GitOps tool, by its name in `managedFields`. */
export function toolOf(manager: string): GitOpsTool | undefined {
  return Object.hasOwn(MANAGERS, manager) ? MANAGERS[manager] : undefined;
}

const TOOLS: Readonly<Record<GitOpsTool, { readonly tool: string; readonly what: string }>> = {
  argocd: { tool: "Argo CD", what: "application" },
  "flux-kustomization": { tool: "Flux", what: "Kustomization" },
  "flux-helmrelease": { tool: "Flux", what: "HelmRelease" },
  helm: { tool: "Helm", what: "release" },
};

/** `Flux Kustomization apps/shop`; `Argo CD` where its application is not named. */
export function ownerText({ tool, name, namespace }: Omit<GitOpsOwner, "seenIn">): string {
  const { tool: called, what } = TOOLS[tool];
  if (name === undefined) return called;
  return `${called} ${what} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

/** `Argo CD (argocd-controller)`, or the manager alone where it is no GitOps tool's. */
export function writerText(manager: string): string {
  const tool = toolOf(manager);
  return tool === undefined ? manager : `${TOOLS[tool].tool} (${manager})`;
}
