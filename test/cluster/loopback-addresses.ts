import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

export interface LoopbackAddresses {
  /** 127.x.y.1, .2, … */
  readonly next: () => string;
  readonly giveBack: () => void;
}

/** Addresses that nobody else on this machine is given meanwhile, neither in this test run nor in another. */
export async function loopbackAddresses(): Promise<LoopbackAddresses> {
  for (;;) {
    const prefix = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    const claim = await listening(`${prefix}.255`);
    if (claim === undefined) continue;
    let last = 0;
    return {
      next: () => {
        last = (last % 254) + 1;
        return `${prefix}.${last}`;
      },
      giveBack: () => void claim.close(),
    };
  }
}

/** Undefined where somebody else does. */
async function listening(host: string): Promise<Server | undefined> {
  try {
    const server = createServer().unref().listen(8000, host);
    await once(server, "listening");
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return undefined;
    throw error;
  }
}
