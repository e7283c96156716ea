import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { Agent, type Dispatcher } from "undici";
import { readAuthorities } from "./authorities.ts";

/** Paths of PEM files. */
export interface TlsFiles {
  /** Who is trusted, in place of the authorities that Node brings along. */
  readonly ca: string | undefined;
  /** The client's own certificate and the key that belongs to it. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export interface TlsConnections {
  /** For one request: made of the files as they are now. */
  readonly dispatcher: () => Dispatcher;
  /** Ends what is under way. */
  readonly close: () => Promise<void>;
}

/**
 * Connections that follow their certificates: once the files have changed, new requests use the new ones, and those
 * under way end in peace on the old. While the files cannot be used (a mounted secret is being replaced, and the key
 * is not there yet) the last ones that could stand. Throws when they cannot be used to begin with.
 */
export function createTlsConnections(files: TlsFiles, timeoutMs: number): TlsConnections {
  const agents = new Set<Agent>();
  const open = (pem: Pem): Agent => {
    createSecureContext(pem);
    const agent = new Agent({ connect: { timeout: timeoutMs, ...pem } });
    agents.add(agent);
    return agent;
  };
  let pem = readPem(files);
  let current = open(pem);
  const renew = (): void => {
    const next = readPem(files);
    if (next.ca === pem.ca && next.cert === pem.cert && next.key === pem.key) return;
    const retired = current;
    current = open(next);
    pem = next;
    void retired.close().then(() => agents.delete(retired));
  };
  return {
    dispatcher: () => {
      try {
        renew();
      } catch {
        // The server that refuses an outdated certificate will say so.
      }
      return current;
    },
    close: async () => {
      await Promise.all([...agents].map((agent) => agent.destroy()));
    },
  };
}

interface Pem {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

function readPem({ ca, cert, key }: TlsFiles): Pem {
  return {
    ...(ca !== undefined && { ca: readAuthorities(ca) }),
    ...(cert !== undefined && { cert: readFileSync(cert, "utf8") }),
    ...(key !== undefined && { key: readFileSync(key, "utf8") }),
  };
}
