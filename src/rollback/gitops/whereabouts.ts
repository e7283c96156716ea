import type { KubeApi } from "../../kubernetes/api.ts";
import { KubeError } from "../../kubernetes/error.ts";
import type { KubeObject } from "../../kubernetes/objects.ts";
import type { GitOpsOwner } from "../../releases/gitops-owner.ts";

/** How many namespaces a sentence names, and how many Applications are looked at. */
const NAMED = 5;
const LOOKED_AT = 500;

/**
 * In which namespaces Applications are, for a person whose Application was not found, with the setting that names the
 * namespace; begins with a space. Without the right to list them in all namespaces only the setting is named.
 */
export async function whereApplicationsAre(
  { name, namespace }: GitOpsOwner,
  { api, argocdNamespace }: { readonly api: KubeApi; readonly argocdNamespace: string },
  signal: AbortSignal,
): Promise<string> {
  const looked =
    namespace === undefined
      ? ` It was looked for in ROLLBACKD_ARGOCD_NAMESPACE, which is "${argocdNamespace}".`
      : ` The target names the namespace "${namespace}".`;
  try {
    const { items } = await api.list<KubeObject>(
      { group: "argoproj.io", resource: "applications", namespace: "" },
      { limit: String(LOOKED_AT) },
      signal,
    );
    const same = namespacesOf(items.filter(({ metadata }) => metadata.name === name));
    if (same.length > 0) return `${looked} An Application of that name is in ${list(same)}.`;
    const all = namespacesOf(items);
    return all.length === 0
      ? `${looked} No Application is in any namespace.`
      : `${looked} Applications are in ${list(all)}.`;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return `${looked} Find it: kubectl get applications.argoproj.io --all-namespaces`;
  }
}

function namespacesOf(items: readonly KubeObject[]): readonly string[] {
  return [...new Set(items.flatMap(({ metadata }) => metadata.namespace ?? []))].toSorted();
}

function list(namespaces: readonly string[]): string {
  const more = namespaces.length - NAMED;
  const named = namespaces.slice(0, NAMED).map((namespace) => `"${namespace}"`);
  return `${named.join(", ")}${more > 0 ? ` and ${more} more namespaces` : ""}`;
}
