import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Static, type TSchema, Type } from "typebox";
import type { Access, Permission } from "./access/access.ts";
import { sendProblem } from "./problem.ts";

/** What the caller asked for, as its schemas say. */
export interface Ask<Query, Body> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** Who asks and how that is known: `token:alice`, `kubernetes:alice@example.com`, `loopback`. */
  readonly by: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export type Outcome =
  | { readonly status: number; readonly body: unknown; readonly type?: string }
  | { readonly problem: number; readonly detail: string; readonly extra?: Readonly<Record<string, unknown>> }
  /** The answer is being written by other means. */
  | "hijacked";

/** One thing that can be asked over HTTP: how it is checked, answered and described, in one place. */
export interface Route<Query extends TSchema = TSchema, Body extends TSchema = TSchema> {
  readonly method: "GET" | "POST";
  /** Such as `/api/v1/policies/:name`. */
  readonly path: string;
  readonly summary: string;
  readonly permission: Permission;
  /** Name of the policy that it is about, where it is about one; default: the path's `:name`. */
  readonly policyOf?: (params: Readonly<Record<string, string>>) => Promise<string | undefined>;
  readonly query?: Query;
  readonly body?: Body;
  /** Bytes; default 64 KiB. */
  readonly bodyLimit?: number;
  /** The good answers by status. */
  readonly answers: Readonly<Record<number, Answered>>;
  readonly answer: (ask: Ask<Static<Query>, Static<Body>>) => Promise<Outcome> | Outcome;
}

interface Answered {
  readonly description: string;
  readonly schema: TSchema;
  /** Default `application/json`. */
  readonly type?: string;
}

const BODY_LIMIT = 64 * 1024;
const NOTHING = Type.Object({}, { additionalProperties: false });

/** Keeps the types of its schemas for the answer, and forgets them for the list of all routes. */
export function route<Query extends TSchema, Body extends TSchema>(of: Route<Query, Body>): Route {
  return of;
}

export function addRoute(app: FastifyInstance, of: Route, access: Access): void {
  const { method, path, query = NOTHING, body, permission } = of;
  const policyOf = of.policyOf ?? (async ({ name }) => name);
  const who = new WeakMap<FastifyRequest, string>();
  app.route({
    method,
    url: path,
    bodyLimit: of.bodyLimit ?? BODY_LIMIT,
    schema: { querystring: query, ...(body && { body }) },
    onRequest: async (request, reply) => {
      const verdict = await access(request, permission, () => policyOf(paramsOf(request)));
      if (verdict.ok) return void who.set(request, verdict.by);
      if (verdict.retryAfterSeconds !== undefined) reply.header("retry-after", verdict.retryAfterSeconds);
      if (verdict.status === 401) reply.header("www-authenticate", "Bearer");
      return sendProblem(reply, verdict.status, verdict.detail);
    },
    preValidation: async (request) => {
      // Every field may be left out of some bodies: then the body itself may be, too.
      if (body !== undefined) request.body ??= {};
    },
    handler: async (request, reply) => {
      const outcome = await of.answer({
        params: paramsOf(request),
        query: request.query,
        body: request.body,
        by: who.get(request) ?? "",
        request,
        reply,
      });
      return send(reply, outcome);
    },
  });
}

function send(reply: FastifyReply, outcome: Outcome): FastifyReply {
  if (outcome === "hijacked") return reply;
  if ("problem" in outcome) return sendProblem(reply, outcome.problem, outcome.detail, outcome.extra);
  if (outcome.type !== undefined) reply.type(outcome.type);
  return reply.code(outcome.status).send(outcome.body);
}

function paramsOf({ params }: FastifyRequest): Readonly<Record<string, string>> {
  return params as Readonly<Record<string, string>>;
}
