import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from "fastify";
import { Type } from "typebox";
import type { Health } from "../daemon/health.ts";
import { healthJson } from "./health-json.ts";
import type { Access } from "./access/access.ts";
import { openapi } from "./openapi.ts";
import { notFound, onError, sendProblem } from "./problem.ts";
import { visible } from "../text/visible.ts";
import { addRoute, type Route, route } from "./route.ts";

export interface ServerParts {
  readonly health: Health;
  /** In Prometheus's text format. */
  readonly metrics: { readonly contentType: string; readonly metrics: () => Promise<string> };
  /** Told of each error that is not the caller's. */
  readonly report: (error: unknown) => void;
  readonly version: string;
  readonly access: Access;
  /** What is answered below /api. */
  readonly routes: readonly Route[];
}

/** Everything that the process answers over HTTP. It never listens by itself: see `listen`. */
export function createApp(parts: ServerParts): FastifyInstance {
  const { health, metrics, report, access, routes } = parts;
  const problemOf = onError(report);
  const app = fastify({
    // What is not known is told, not dropped: a misspelt parameter must not look like a right one.
    ajv: { customOptions: { removeAdditional: false } },
    requestTimeout: 10_000,
    // A kept-alive connection of a probe must not hold up the end of the process.
    forceCloseConnections: true,
    // What is wrong with the address itself never comes to the error handler.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      problemOf(error, request, reply);
    },
  });
  // JSON leaves characters as they are that a terminal obeys, and answers are read on terminals. Written as escapes they are the same JSON.
  app.addHook("onSend", (_, reply, payload, done) => {
    const isJson = typeof payload === "string" && /json/u.test(String(reply.getHeader("content-type")));
    done(null, isJson ? visible(payload) : payload);
  });
  app.setErrorHandler(problemOf);
  app.setNotFoundHandler(notFound);

  const get = (path: string, answer: (request: FastifyRequest, reply: FastifyReply) => unknown): void => {
    app.get(path, { schema: { querystring: { type: "object", additionalProperties: false } } }, answer);
  };
  get("/health/live", () => ({ status: "live" }));
  get("/health/ready", (_, reply) => ready(health, reply));
  get("/openapi.json", () => openapi(parts.version, routes));
  for (const path of ["/metrics", "/health/metrics"]) {
    get(path, async (_, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
  }
  for (const each of [detailed(health), ...routes]) addRoute(app, each, access);
  return app;
}

function detailed(health: Health): Route {
  return route({
    method: "GET",
    path: "/health/detailed",
    summary: "Every trigger with its numbers, the rules, the log",
    permission: { scope: "read", verb: "get" },
    answers: { 200: { description: "how the daemon is doing", schema: Type.Object({}) } },
    answer: () => ({ status: 200, body: healthJson(health.detailed()) }),
  });
}

function ready(health: Health, reply: FastifyReply): FastifyReply {
  const hindrances = health.hindrances();
  if (hindrances.length === 0) return reply.send({ status: "ready" });
  const detail = hindrances.map((it) => `${it.what}: ${it.detail} ${it.nextStep}`).join(" ");
  return sendProblem(reply, 503, detail, { hindrances });
}
