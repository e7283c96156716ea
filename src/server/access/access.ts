import type { FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { fromLoopback } from "../loopback.ts";
import type { Attempts } from "./attempts.ts";

/** What a person may do, in the words of a Role in the cluster. */
export type Verb = "get" | "rollback" | "freeze" | "approve" | "release" | "report";

export interface Permission {
  /** In the words of the tokens file. */
  readonly scope: "read" | "operate";
  /** In the words of Kubernetes. */
  readonly verb: Verb;
}

/** What somebody asks to do. */
export interface Bid extends Permission {
  /** The policy that it is about; undefined where it is about all. */
  readonly policy: string | undefined;
}

export type Verdict =
  | { readonly ok: true; readonly by: string }
  | {
      readonly ok: false;
      readonly status: 401 | 403 | 429 | 503;
      /** What is the matter and what to do, for the caller. */
      readonly detail: string;
      /** Who it was, where that is known. */
      readonly by?: string;
      readonly retryAfterSeconds?: number;
    };

/** Judges a bearer token; undefined when it does not know the token, so that another one may. Never throws. */
export type Authority = (token: string, bid: Bid) => Promise<Verdict | undefined>;

/** Decides about one request; the policy is looked up only for who has a token. */
export type Access = (
  request: FastifyRequest,
  permission: Permission,
  policyOf: () => Promise<string | undefined>,
) => Promise<Verdict>;

export interface AccessParts {
  /** Asked in this order. None: nobody can change anything. */
  readonly authorities: readonly Authority[];
  readonly attempts: Attempts;
  readonly logger: Pick<Logger, "warn">;
}

/** Reading needs no token on this machine itself; everything else needs one that is good for it. */
export function createAccess({ authorities, attempts, logger }: AccessParts): Access {
  const judge = async (...[request, permission, policyOf]: Parameters<Access>): Promise<Verdict> => {
    const token = tokenOf(request);
    if (token === undefined) return withoutToken(request, permission, authorities.length > 0);
    if (authorities.length === 0) return NOT_CONFIGURED;
    const peer = request.socket.remoteAddress ?? "unknown";
    const waitSeconds = attempts.waitSeconds(peer);
    if (waitSeconds > 0) return tooMany(waitSeconds);
    const bid = { ...permission, policy: await policyOf() };
    for (const authority of authorities) {
      const verdict = await authority(token, bid);
      if (verdict !== undefined) return verdict;
    }
    attempts.failed(peer);
    return UNKNOWN_TOKEN;
  };
  return async (request, permission, policyOf) => {
    const verdict = await judge(request, permission, policyOf);
    if (!verdict.ok) {
      const { method, url, socket } = request;
      const told = { method, path: url.split("?")[0], peer: socket.remoteAddress, by: verdict.by };
      logger.warn({ ...told, status: verdict.status, why: verdict.detail }, "a request was refused");
    }
    return verdict;
  };
}

const CONFIGURE =
  "Configure who may: ROLLBACKD_API_TOKENS_FILE (tokens of your own) or ROLLBACKD_API_KUBERNETES_AUDIENCE " +
  "(the cluster decides); docs/operator.md, section Who may, shows both.";

const NOT_CONFIGURED: Verdict = {
  ok: false,
  status: 403,
  detail: `This needs a token, and no tokens are configured. ${CONFIGURE}`,
};

const UNKNOWN_TOKEN: Verdict = {
  ok: false,
  status: 401,
  detail: "The token is not known here or no longer valid. Ask the team that runs rollbackd for a token.",
};

function withoutToken(request: FastifyRequest, { scope }: Permission, isConfigured: boolean): Verdict {
  if (scope === "read" && fromLoopback(request)) return { ok: true, by: "loopback" };
  if (!isConfigured && scope === "operate") return NOT_CONFIGURED;
  const readable =
    scope === "read"
      ? " Without a token reading is for callers on the same machine only; in a cluster: kubectl port-forward, then ask 127.0.0.1."
      : "";
  const detail = `This needs a token: send the header "Authorization: Bearer TOKEN".${readable}`;
  return {
    ok: false,
    status: isConfigured ? 401 : 403,
    detail: isConfigured ? detail : `${detail} ${CONFIGURE}`,
  };
}

function tooMany(retryAfterSeconds: number): Verdict {
  return {
    ok: false,
    status: 429,
    detail: `Too many tokens from your address were refused. Try again in ${retryAfterSeconds} s, with the right one.`,
    retryAfterSeconds,
  };
}

/** Anything that is meant as a credential counts as one, so that a broken one is refused and not ignored. */
function tokenOf({ headers: { authorization } }: FastifyRequest): string | undefined {
  return authorization === undefined ? undefined : (/^Bearer +(\S+) *$/iu.exec(authorization)?.[1] ?? "");
}
