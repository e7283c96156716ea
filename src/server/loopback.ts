import { BlockList, isIP, isIPv6 } from "node:net";
import type { FastifyRequest } from "fastify";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * Whether the caller is on this machine. The connection says so; headers can only take it back: a proxy on this
 * machine speaks for callers elsewhere, and a web page that made its own name point here speaks for its author.
 */
export function fromLoopback({ socket: { remoteAddress }, headers }: FastifyRequest): boolean {
  return (
    remoteAddress !== undefined &&
    LOOPBACK.check(remoteAddress, isIPv6(remoteAddress) ? "ipv6" : "ipv4") &&
    headers["x-forwarded-for"] === undefined &&
    headers.forwarded === undefined &&
    isLocalName(headers.host)
  );
}

/** `127.0.0.1:9480`, `[::1]:9480`, `localhost:9480`; a client that sends no name has not been led here by one. */
function isLocalName(host: string | undefined): boolean {
  if (host === undefined) return true;
  if (!URL.canParse(`http://${host}`)) return false;
  const name = new URL(`http://${host}`).hostname.replaceAll(/[[\]]/gu, "");
  return name === "localhost" || (isIP(name) !== 0 && LOOPBACK.check(name, isIPv6(name) ? "ipv6" : "ipv4"));
}
