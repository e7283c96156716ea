import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Type } from "typebox";
import { type LiveLog, liveRecords } from "../log/live.ts";
import { visible } from "../text/visible.ts";
import { type Route, route } from "./route.ts";
import { EVENTS_QUERY } from "./schemas.ts";

export interface EventSource extends LiveLog {
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
}

const MAX_CLIENTS = 50;
/** Proxies give up on connections that are silent for a minute. */
const HEARTBEAT_MS = 15_000;

/** Server-sent events: every record of the decision log, with its number as the event's id. */
export function eventRoute(source: EventSource): Route {
  let clients = 0;
  return route({
    method: "GET",
    path: "/api/v1/events",
    summary: "Every record from now on, as server-sent events; Last-Event-ID goes on after that one",
    permission: { scope: "read", verb: "get" },
    query: EVENTS_QUERY,
    answers: {
      200: { description: "the stream", type: "text/event-stream", schema: Type.String() },
    },
    answer: ({ query, request, reply }) => {
      const after = afterOf(request.headers["last-event-id"], source.head().seq - query.last);
      if (after === undefined) {
        return { problem: 400, detail: "Last-Event-ID must be the number of a record, as `id` tells it." };
      }
      if (clients >= MAX_CLIENTS) {
        reply.header("retry-after", "30");
        return { problem: 503, detail: `${MAX_CLIENTS} clients follow the events already. Try again later.` };
      }
      clients += 1;
      reply.hijack();
      void stream(reply.raw, after, source).finally(() => {
        clients -= 1;
      });
      return "hijacked";
    },
  });
}

function afterOf(lastEventId: string | string[] | undefined, otherwise: number): number | undefined {
  if (lastEventId === undefined) return Math.max(0, otherwise);
  return typeof lastEventId === "string" && /^\d{1,15}$/u.test(lastEventId) ? Number(lastEventId) : undefined;
}

async function stream(response: ServerResponse, after: number, source: EventSource): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  // A connection that broke is one that is gone.
  response.on("error", () => gone.abort());
  const signal = AbortSignal.any([gone.signal, source.signal]);
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  response.write("retry: 2000\n\n");
  const heartbeat = setInterval(() => void response.write(": alive\n\n"), HEARTBEAT_MS);
  try {
    for await (const record of liveRecords(source, after, signal)) {
      const event = `id: ${record.seq}\nevent: ${record.type}\ndata: ${visible(JSON.stringify(record))}\n\n`;
      if (!response.write(event)) await once(response, "drain", { signal });
    }
  } catch {
    // The client left while it was waited for, or the log cannot be read: it asks again, and hears why.
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}
