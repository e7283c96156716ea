import type { KubeApi } from "./api.ts";
import { type Call, KubeError } from "./error.ts";

/** Whether rollbackd's own account may make a call; `unknown` says why the API server did not tell. */
export type MayI = "yes" | "no" | { readonly unknown: string };

const REVIEWS = {
  group: "authorization.k8s.io",
  resource: "selfsubjectaccessreviews",
  namespace: "",
} as const;

/**
 * Asks the API server (SelfSubjectAccessReview). A request for one object also covers `list` and `watch` of that
 * object, which the server authorises by the name in the field selector. Never throws.
 */
export async function mayI(api: Pick<KubeApi, "create">, { verb, ref }: Call): Promise<MayI> {
  const { group, resource, namespace, name } = ref;
  const where = { ...(namespace !== "" && { namespace }), ...(name !== undefined && { name }) };
  try {
    const { status } = await api.create<{
      status?: { allowed?: boolean; denied?: boolean; evaluationError?: string };
    }>(REVIEWS, {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { verb, group, resource, ...where } },
    });
    if (status?.allowed === true) return "yes";
    // An authorizer that failed says so beside "not allowed": that is no answer.
    if (status?.evaluationError) return { unknown: status.evaluationError };
    return status?.allowed === false ? "no" : { unknown: "the API server answered without a status" };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return { unknown: error.message };
  }
}
