import { connect as connectPlain, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import type { ProbeSpec } from "../rules/policy.ts";
import { answerReader } from "./answer-reader.ts";
import { trustOf } from "./probe-trust.ts";
import type { ProbeReply } from "./probe-verdict.ts";

/** More of a health page than this is neither waited for nor searched. */
const BODY_LIMIT_BYTES = 64 * 1024;

/** The server closed the connection in the middle of its answer, or before it. */
class ClosedEarly extends Error {
  readonly code = "CLOSED_EARLY";
}

/**
 * GETs `url` on a connection of its own: one that was open before may outlive what it is meant to prove. The answer is
 * read leniently (`answerReader`): parsers made for clients that reuse connections refuse much that is harmless here.
 * Throws UnreadableAnswer, ClosedEarly, TrustError, and what the socket says.
 */
export async function exchange(
  url: URL,
  spec: ProbeSpec,
  lookup: LookupFunction,
  signal: AbortSignal,
): Promise<ProbeReply> {
  const socket = open(url, spec, lookup);
  const close = (): void => void socket.destroy();
  signal.addEventListener("abort", close);
  try {
    // Written before TLS stands, a failure of TLS would be one of the writing.
    const request =
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n` +
      "User-Agent: rollbackd\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => socket.write(request));
    return await answerOf(socket);
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

function open(url: URL, spec: ProbeSpec, lookup: LookupFunction): Socket {
  const host = url.hostname.replace(/^\[(.*)\]$/u, "$1");
  const isSecure = url.protocol === "https:";
  const address = { host, port: Number(url.port || (isSecure ? 443 : 80)), lookup };
  if (!isSecure) return connectPlain(address);
  const servername = isIP(host) === 0 ? host : "";
  return connectSecure({ ...address, ...trustOf(spec), servername, ALPNProtocols: ["http/1.1"] });
}

function answerOf(socket: Socket): Promise<ProbeReply> {
  const { promise, resolve, reject } = Promise.withResolvers<ProbeReply>();
  const reader = answerReader(BODY_LIMIT_BYTES);
  socket.on("error", reject);
  socket.on("data", (piece: Buffer) => {
    try {
      const reply = reader.push(piece);
      if (reply !== undefined) resolve(reply);
    } catch (error) {
      reject(error);
    }
  });
  socket.once("end", () => {
    const reply = reader.close();
    if (reply === undefined) reject(new ClosedEarly("closed early"));
    else resolve(reply);
  });
  socket.once("close", () => reject(new ClosedEarly("closed early")));
  return promise;
}
