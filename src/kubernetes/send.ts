import type { Dispatcher } from "undici";
import type { Connection } from "./connect.ts";
import { errorFromAnswer, errorFromFailure, KubeError, type Call } from "./error.ts";
import { pathOf } from "./resource.ts";

export interface Request {
  readonly method: "GET" | "PATCH" | "POST";
  readonly query: Readonly<Record<string, string>>;
  readonly contentType?: string;
  /** Default: the object as JSON. */
  readonly accept?: string;
  readonly body?: string;
}

export interface Bounds {
  readonly signal: AbortSignal;
  /** Longest wait for the first byte of the answer. */
  readonly headersTimeout?: number;
  /** Longest silence within the answer. */
  readonly bodyTimeout?: number;
}

/**
 * One request to the API server. After a 401 it is sent once more: credentials may have been rotated since they were read,
 * and what was not let in changed nothing. Throws KubeError for an answer that is not a success.
 */
export async function send(
  connection: Connection,
  call: Call,
  request: Request,
  bounds: Bounds,
): Promise<Dispatcher.ResponseData> {
  const first = await exchange(connection, call, request, bounds);
  if (first.statusCode !== 401) return accepted(first, call);
  connection.renew();
  await first.body.dump();
  return accepted(await exchange(connection, call, request, bounds), call);
}

async function accepted(answer: Dispatcher.ResponseData, call: Call): Promise<Dispatcher.ResponseData> {
  if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
  const body = await answer.body.text();
  throw errorFromAnswer(call, answer.statusCode, body, answer.headers["retry-after"]);
}

async function exchange(
  connection: Connection,
  call: Call,
  request: Request,
  bounds: Bounds,
): Promise<Dispatcher.ResponseData> {
  const credentials = Promise.all([connection.headers(), connection.dispatcher()]);
  // A credential plugin can hang; nothing here waits longer than its bound.
  const [headers, dispatcher] = await orAborted(credentials, bounds.signal);
  const { origin, pathname } = new URL(connection.server);
  // undici hears of an abort only once it is connected, which a frozen server puts off; it then sends nothing.
  const answered = dispatcher.request({
    origin,
    path: `${pathname.replace(/\/$/, "")}${pathOf(call.ref)}?${new URLSearchParams(request.query).toString()}`,
    method: request.method,
    headers: {
      ...headers,
      accept: request.accept ?? "application/json",
      ...(request.contentType === undefined ? {} : { "content-type": request.contentType }),
    },
    body: request.body ?? null,
    ...bounds,
  });
  return await orAborted(answered, bounds.signal);
}

/** What `send`, or reading its answer, threw. */
export function asKubeError(error: unknown, call: Call, connection: Connection): KubeError {
  if (error instanceof KubeError) return error;
  return errorFromFailure(call, connection.server, error);
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  return promise;
}
