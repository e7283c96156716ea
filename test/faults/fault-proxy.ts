import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Fault, faultyBody } from "./fault.ts";

export interface FaultProxy {
  /** Where it listens on loopback, without a path. */
  readonly url: string;
  /** Every request so far, `GET /path?query`, in the order in which they came. */
  readonly requests: readonly string[];
  /** For all requests from now on; undefined: pass everything on. */
  readonly set: (fault: Fault | undefined) => void;
  /** For the next requests, one each, before what was `set` applies again. */
  readonly next: (...faults: readonly (Fault | undefined)[]) => void;
  /** Resets every open connection, idle ones and those in the middle of an answer. */
  readonly cut: () => void;
  readonly close: () => void;
}

/**
 * An HTTP proxy on loopback in front of `upstream` (an http or https origin), faithful until it is told otherwise.
 * Streams pass through as they come, so that a watch or server-sent events work. `tls` is for an https upstream.
 */
export async function startFaultProxy(upstream: string, tls: https.RequestOptions = {}): Promise<FaultProxy> {
  const requests: string[] = [];
  const scripted: (Fault | undefined)[] = [];
  let standing: Fault | undefined;
  const server = http.createServer((incoming, response) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const fault = scripted.length > 0 ? scripted.shift() : standing;
    void serve({ incoming, response, fault, send: () => ask(upstream, incoming, tls) });
  });
  const sockets = new Set<NonNullable<http.ServerResponse["socket"]>>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    set: (fault) => {
      standing = fault;
    },
    next: (...faults) => void scripted.push(...faults),
    cut: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Exchange {
  readonly incoming: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly fault: Fault | undefined;
  readonly send: () => http.ClientRequest;
}

async function serve({ incoming, response, fault, send }: Exchange): Promise<void> {
  if (fault?.kind === "hang") return;
  if (fault?.kind === "reset" && fault.afterBytes === undefined) return reset(response);
  if (fault?.kind === "answer") return answer(response, fault);
  if (fault?.kind === "delay") await sleep(fault.ms);
  const outgoing = send();
  // Whoever asked is gone: the upstream must see that, too.
  response.once("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
  try {
    const [reply] = (await once(outgoing, "response")) as [http.IncomingMessage];
    response.writeHead(reply.statusCode ?? 502, headersOf(reply, fault));
    response.flushHeaders();
    for await (const chunk of faultyBody(reply, fault)) {
      if (!response.write(chunk)) await once(response, "drain");
    }
    response.end();
  } catch {
    // A reset that was asked for, or an upstream that broke off: to the client they look alike.
    reset(response);
  }
}

function ask(
  upstream: string,
  { method, url = "/", headers }: http.IncomingMessage,
  tls: https.RequestOptions,
): http.ClientRequest {
  const target = new URL(url, upstream);
  const { connection: _connection, ...passed } = headers;
  const options = { method, headers: { ...passed, host: target.host }, agent: false } as const;
  const outgoing =
    target.protocol === "https:"
      ? https.request(target, { ...tls, ...options })
      : http.request(target, options);
  // Failures before the response are thrown by the wait for it; later ones end the body.
  return outgoing.on("error", () => undefined);
}

/** Lengths and connections are this hop's own business, and a body may not stay as long as it was. */
function headersOf(reply: http.IncomingMessage, fault: Fault | undefined): http.OutgoingHttpHeaders {
  const {
    connection: _connection,
    "keep-alive": _keepAlive,
    "transfer-encoding": _encoding,
    "content-length": length,
    ...headers
  } = reply.headers;
  return {
    ...headers,
    ...(length !== undefined && fault?.kind !== "truncate" && { "content-length": length }),
    ...(fault?.kind === "content-type" && { "content-type": fault.contentType }),
  };
}

function answer(response: http.ServerResponse, fault: Extract<Fault, { kind: "answer" }>): void {
  const { status, body = "", contentType = "text/plain", headers } = fault;
  response.writeHead(status, { "content-type": contentType, ...headers }).end(body);
}

function reset(response: http.ServerResponse): void {
  response.socket?.resetAndDestroy();
}
