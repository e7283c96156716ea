import { eventually } from "../support/eventually.ts";
import type { Kubectl } from "./kubectl.ts";

export interface Grant {
  readonly namespace: string;
  /** Name of a ServiceAccount of that namespace. */
  readonly account: string;
  /** Name of the Role and of its binding. */
  readonly role: string;
  readonly verbs: readonly [string, ...string[]];
  /** As kubectl takes them, `deployments.apps`. */
  readonly resources: readonly [string, ...string[]];
  readonly resourceName?: string;
}

/** Creates a Role, binds a ServiceAccount to it, and returns when the API server lets the account do it. */
export async function grant(kubectl: Kubectl, wanted: Grant): Promise<void> {
  const { namespace, account, role, verbs, resources, resourceName } = wanted;
  const only = resourceName === undefined ? [] : [`--resource-name=${resourceName}`];
  await kubectl(
    "create",
    "role",
    role,
    `--verb=${verbs.join(",")}`,
    `--resource=${resources.join(",")}`,
    ...only,
  );
  const subject = `--serviceaccount=${namespace}:${account}`;
  await kubectl("create", "rolebinding", role, `--role=${role}`, subject);
  const [resource] = resources;
  const object = resourceName === undefined ? resource : `${resource}/${resourceName}`;
  await allowed(kubectl, { namespace, account }, [verbs[0], object]);
}

/**
 * Waits until the API server says that an account may `verb` a resource. Its authorizer learns of a Role and of a
 * binding from watches of its own, some moments after it took them.
 */
export async function allowed(
  kubectl: Kubectl,
  { namespace, account }: Pick<Grant, "namespace" | "account">,
  [verb, resource]: readonly [verb: string, resource: string],
): Promise<void> {
  const as = `--as=system:serviceaccount:${namespace}:${account}`;
  await eventually(`${account} may ${verb} ${resource}`, () => kubectl("auth", "can-i", verb, resource, as));
}
