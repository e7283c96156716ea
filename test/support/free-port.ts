import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const LOWEST = 10_000;
const TRIES = 50;

/**
 * A loopback port that nobody listens on, for programs that cannot choose their own. It is one that no system gives to
 * outgoing connections or to those who ask for any: they would take it while its program is down for a moment.
 */
export async function freePort(): Promise<number> {
  for (let tried = 1; ; tried += 1) {
    const port = randomInt(LOWEST, firstGivenBySystem());
    const problem = await whyTaken(port);
    if (problem === undefined) return port;
    if (tried === TRIES) throw new Error(`none of ${TRIES} ports was free`, { cause: problem });
  }
}

/** Why a server cannot listen there; undefined where it can. */
async function whyTaken(port: number): Promise<unknown> {
  const server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
    await once(server.close(), "close");
    return undefined;
  } catch (problem) {
    return problem;
  }
}

function firstGivenBySystem(): number {
  try {
    const [first] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/);
    return Math.max(Number(first) || 0, LOWEST + 1_000);
  } catch {
    return 32_768;
  }
}
