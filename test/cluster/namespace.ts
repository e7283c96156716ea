import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Api } from "./api.ts";
import { readKubeconfig, writeKubeconfig } from "./kubeconfig.ts";

/** A namespace of one's own, so that test files never meet. Delete it with `api.remove("/api/v1/namespaces/NAME")`. */
export async function createNamespace(api: Api, prefix: string): Promise<string> {
  return createNamespaceNamed(api, `${prefix}-${randomBytes(3).toString("hex")}`);
}

/** For a cluster that nobody shares. Gives the name back. */
export async function createNamespaceNamed(api: Api, name: string): Promise<string> {
  await api.create("/api/v1/namespaces", { metadata: { name } });
  return name;
}

/**
 * Creates a ServiceAccount and gives the path of a kubeconfig that acts as it. It may do nothing at all until
 * the test binds a Role to it. The token is one that the API server issued, as a Pod's would be. The file lies in
 * `dir`, which is the caller's to remove.
 */
export async function createServiceAccount(
  api: Api,
  kubeconfig: string,
  account: { readonly namespace: string; readonly name: string; readonly dir: string },
): Promise<string> {
  const accounts = `/api/v1/namespaces/${account.namespace}/serviceaccounts`;
  await api.create(accounts, { metadata: { name: account.name } });
  const { status } = await api.create<{ status: { token: string } }>(`${accounts}/${account.name}/token`, {
    spec: { expirationSeconds: 3600 },
  });
  const { url, ca } = readKubeconfig(kubeconfig);
  const path = join(account.dir, `${account.name}.kubeconfig`);
  return writeKubeconfig(path, { url, ...(ca !== undefined && { ca }), token: status.token });
}
