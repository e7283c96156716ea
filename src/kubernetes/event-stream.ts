import type { Connection } from "./connect.ts";
import { errorFromAnswer, type Call } from "./error.ts";
import type { KubeObject } from "./objects.ts";
import type { ResourceRef } from "./resource.ts";
import { asKubeError, send } from "./send.ts";

/** Labels or fields that narrow a list or a watch. */
export interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Which part of a list: at most `limit`, and where the one before ended. */
export interface Page {
  readonly limit?: string;
  readonly continue?: string;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: KubeObject;
}

export interface WatchRequest {
  readonly selection: Selection;
  readonly resourceVersion: string;
  /** After this the server ends the watch; it can then be resumed. */
  readonly timeoutSeconds: number;
  /** Silence for longer than this, bookmarks included, is an error. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** One watch: ends when the server ends it, throws KubeError when it breaks. */
export async function* eventStream(
  connection: Connection,
  ref: ResourceRef,
  request: WatchRequest,
): AsyncGenerator<WatchEvent, void> {
  const call: Call = { verb: "watch", ref };
  const query = {
    ...request.selection,
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: request.resourceVersion,
    timeoutSeconds: String(request.timeoutSeconds),
  };
  const bounds = { signal: request.signal, headersTimeout: request.idleMs, bodyTimeout: request.idleMs };
  try {
    const answer = await send(connection, call, { method: "GET", query }, bounds);
    for await (const line of linesOf(answer.body)) yield eventOf(line, call);
  } catch (error) {
    throw asKubeError(error, call, connection);
  }
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
}

function eventOf(line: string, call: Call): WatchEvent {
  const event = JSON.parse(line) as WatchEvent | { readonly type: "ERROR"; readonly object: unknown };
  if (event.type !== "ERROR") return event;
  const status = event.object as { readonly code?: number };
  throw errorFromAnswer(call, status.code ?? 500, JSON.stringify(status));
}
