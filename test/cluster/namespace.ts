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

interface Account {
  readonly namespace: string;
  readonly name: string;
  /** Where the kubeconfig is written; the caller's to remove. */
  readonly dir: string;
}

/**
 * Creates a ServiceAccount and gives the path of a kubeconfig that acts as it. It may do nothing at all until
 * the test binds a Role to it.
 */
export async function createServiceAccount(api: Api, kubeconfig: string, account: Account): Promise<string> {
  const accounts = `/api/v1/namespaces/${account.namespace}/serviceaccounts`;
  await api.create(accounts, { metadata: { name: account.name } });
  return actAs(api, kubeconfig, account);
}

/**
 * The path of a kubeconfig that acts as a ServiceAccount which exists. The token is one that the API server issued,
 * as a Pod's would be.
 */
export async function actAs(api: Api, kubeconfig: string, account: Account): Promise<string> {
  const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`;
  const { status } = await api.create<{ status: { token: string } }>(path, {
    spec: { expirationSeconds: 3600 },
  });
  const { url, ca } = readKubeconfig(kubeconfig);
  const file = join(account.dir, `${account.name}.kubeconfig`);
  return writeKubeconfig(file, { url, ...(ca !== undefined && { ca }), token: status.token });
}
