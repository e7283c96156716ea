import { BlockList, isIPv6 } from "node:net";
import type { FastifyRequest } from "fastify";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether the caller is on this machine, judged by the connection alone: headers can claim anything. */
export function fromLoopback({ socket: { remoteAddress } }: FastifyRequest): boolean {
  return (
    remoteAddress !== undefined && LOOPBACK.check(remoteAddress, isIPv6(remoteAddress) ? "ipv6" : "ipv4")
  );
}
