import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A loopback port that nobody listened on a moment ago, for programs that cannot choose their own.
 * Somebody else may take it meanwhile: start on it at once and retry when that fails.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") {
    throw new Error(`expected a TCP address, got ${String(address)}`);
  }
  return address.port;
}
