/**
 * The service that gets released and rolled back in tests and in the demo: `node server.ts`, with POD_IP
 * (127.0.0.1), PORT (8000), VERSION (dev) and the variables of `behaviour.ts`. Answers on
 * `/health/live`, `/health/ready`, `/metrics`, `POST /control` (JSON, part of a `Behaviour`), and works on any
 * other path. SIGTERM lets requests finish. Nothing but Node, so that it starts fast and stays small.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { behaviourFrom, type Behaviour } from "./behaviour.ts";
import { createMetrics } from "./metrics.ts";

const version = process.env.VERSION ?? "dev";
const startedAt = performance.now();
const metrics = createMetrics(version);
let behaviour = behaviourFrom(process.env);
let failuresDue = 0;

function ready(): boolean {
  const { healthFailAfterMs = Infinity } = behaviour;
  return behaviour.ready === "ok" && performance.now() - startedAt < healthFailAfterMs;
}

async function work(response: ServerResponse): Promise<void> {
  const end = metrics.begin();
  if (behaviour.latencyMs > 0) {
    await sleep(behaviour.latencyMs);
  }
  failuresDue += behaviour.errorRate;
  const status = failuresDue >= 1 ? 500 : 200;
  failuresDue -= status === 500 ? 1 : 0;
  end(status);
  answer(response, status, `${version}\n`);
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (request.url) {
    case "/health/live":
      return answer(response, 200, "alive\n");
    case "/health/ready":
      return ready() ? answer(response, 200, "ready\n") : answer(response, 503, "not ready\n");
    case "/metrics":
      return answer(response, 200, metrics.expose());
    case "/control":
      behaviour = { ...behaviour, ...(JSON.parse(await text(request)) as Partial<Behaviour>) };
      return answer(response, 200, `${JSON.stringify(behaviour)}\n`);
    default:
      return work(response);
  }
}

function answer(response: ServerResponse, status: number, body: string): void {
  // A connection that became idle only after SIGTERM would keep the process for seconds.
  response.shouldKeepAlive &&= server.listening;
  response.writeHead(status, { "content-type": "text/plain; version=0.0.4" }).end(body);
}

const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => answer(response, 400, `${String(error)}\n`));
});
server.listen(Number(process.env.PORT ?? 8000), process.env.POD_IP ?? "127.0.0.1");
process.once("SIGTERM", () => {
  server.close();
  server.closeIdleConnections();
});
