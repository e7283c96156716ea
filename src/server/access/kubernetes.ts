import type { KubeApi } from "../../kubernetes/api.ts";
import type { Authority, Bid, Verdict } from "./access.ts";

export interface KubernetesParts {
  /** Undefined while no policy needs a cluster. */
  readonly api: () => KubeApi | undefined;
  /** Whom a token must be meant for. */
  readonly audience: string;
  /** Namespace of a policy's target; undefined where it has none or there is no such policy. */
  readonly namespaceOf: (policy: string) => string | undefined;
}

interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

const TOKENS = { group: "authentication.k8s.io", resource: "tokenreviews", namespace: "" } as const;
const ACCESS = { group: "authorization.k8s.io", resource: "subjectaccessreviews", namespace: "" } as const;

/**
 * The cluster says who it is (TokenReview) and whether they may (SubjectAccessReview): the verb of the bid on
 * `policies.rollbackd.io`, a resource that exists in Roles only.
 */
export function kubernetesAuthority(parts: KubernetesParts): Authority {
  return async (token, bid) => {
    const api = parts.api();
    if (api === undefined) return undefined;
    try {
      const user = await whoIs(api, token, parts.audience);
      return user && (await may(api, user, bid, parts));
    } catch (error) {
      const detail = `The cluster could not be asked whether you may. ${(error as Error).message}`;
      return { ok: false, status: 503, detail };
    }
  };
}

async function whoIs(api: KubeApi, token: string, audience: string): Promise<User | undefined> {
  const { status } = await api.create<{
    status?: { authenticated?: boolean; user?: User; audiences?: readonly string[] };
  }>(TOKENS, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenReview",
    spec: { token, audiences: [audience] },
  });
  // An authenticator that knows nothing of audiences answers without them: then the token may be for anybody.
  const isForUs = status?.audiences?.includes(audience) === true;
  return status?.authenticated === true && isForUs ? status.user : undefined;
}

async function may(
  api: KubeApi,
  user: User,
  { verb, policy }: Bid,
  parts: KubernetesParts,
): Promise<Verdict> {
  const { username, uid, groups, extra } = user;
  const namespace = policy === undefined ? undefined : parts.namespaceOf(policy);
  const where = {
    ...(policy !== undefined && { name: policy }),
    ...(namespace !== undefined && { namespace }),
  };
  const { status } = await api.create<{ status?: { allowed?: boolean } }>(ACCESS, {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: username,
      uid,
      groups,
      extra,
      resourceAttributes: { group: "rollbackd.io", resource: "policies", verb, ...where },
    },
  });
  const by = `kubernetes:${username}`;
  if (status?.allowed === true) return { ok: true, by };
  const place =
    namespace === undefined ? "in the whole cluster (ClusterRoleBinding)" : `in namespace ${namespace}`;
  const detail =
    `${username} may not ${verb} ${policy === undefined ? "policies" : `policy ${policy}`}. It takes, ${place}: ` +
    `{apiGroups: ["rollbackd.io"], resources: ["policies"], verbs: ["${verb}"]}`;
  return { ok: false, status: 403, by, detail };
}
