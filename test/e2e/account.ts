import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { connect } from "../cluster/api.ts";
import { allowed } from "../cluster/grant.ts";
import { createServiceAccount } from "../cluster/namespace.ts";
import type { Stage } from "./stage.ts";

const ROLE = join(import.meta.dirname, "../../deploy/role.yaml");

/** Kubeconfig of an account with the Role of deploy/ and nothing else. */
export async function accountOf({ world }: Stage, dir: string): Promise<string> {
  const { namespace } = world;
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const role = parse(readFileSync(ROLE, "utf8").replaceAll("vcci-production", namespace)) as object;
  const account = { namespace, name: "watcher", dir };
  const api = connect(world.kubeconfig);
  try {
    await api.create(`${rbac}/roles`, role);
    const own = await createServiceAccount(api, world.kubeconfig, account);
    await api.create(`${rbac}/rolebindings`, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "watcher" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "rollbackd" },
      subjects: [{ kind: "ServiceAccount", namespace, name: "watcher" }],
    });
    await allowed(world.kubectl, { namespace, account: "watcher" }, ["patch", "deployments.apps"]);
    return own;
  } finally {
    await api.close();
  }
}
