import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { Health } from "../daemon/health.ts";
import { healthJson } from "./health-json.ts";
import { fromLoopback } from "./loopback.ts";
import { notFound, onError, sendProblem } from "./problem.ts";

export interface ServerParts {
  readonly health: Health;
  /** In Prometheus's text format. */
  readonly metrics: { readonly contentType: string; readonly metrics: () => Promise<string> };
  /** Told of each error that is not the caller's. */
  readonly report: (error: unknown) => void;
}

/** Everything that the process answers over HTTP. It never listens by itself: see `listen`. */
export function createApp({ health, metrics, report }: ServerParts): FastifyInstance {
  const app = fastify({
    // What is not known is told, not dropped: a misspelt parameter must not look like a right one.
    ajv: { customOptions: { removeAdditional: false } },
    requestTimeout: 10_000,
    // A kept-alive connection of a probe must not hold up the end of the process.
    forceCloseConnections: true,
  });
  app.setErrorHandler(onError(report));
  app.setNotFoundHandler(notFound);

  const get = (path: string, answer: (request: FastifyRequest, reply: FastifyReply) => unknown): void => {
    app.get(path, { schema: { querystring: { type: "object", additionalProperties: false } } }, answer);
  };
  get("/health/live", () => ({ status: "live" }));
  get("/health/ready", (_, reply) => ready(health, reply));
  get("/health/detailed", (request, reply) =>
    fromLoopback(request) ? healthJson(health.detailed()) : sendProblem(reply, 403, ONLY_LOCAL),
  );
  for (const path of ["/metrics", "/health/metrics"]) {
    get(path, async (_, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
  }
  return app;
}

const ONLY_LOCAL =
  "This is answered only to callers on the same machine. In a cluster: kubectl port-forward, then ask 127.0.0.1.";

function ready(health: Health, reply: FastifyReply): FastifyReply {
  const hindrances = health.hindrances();
  if (hindrances.length === 0) return reply.send({ status: "ready" });
  const detail = hindrances.map((it) => `${it.what}: ${it.detail} ${it.nextStep}`).join(" ");
  return sendProblem(reply, 503, detail, { hindrances });
}
