import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** `stall`: connections stay open, and nothing passes in either direction. `reset`: none is let in. */
type Mode = "pass" | "stall" | "reset";

export interface TcpProxy {
  readonly port: number;
  /** How many connections were made to it. */
  readonly connections: () => number;
  /** For open connections and new ones. */
  readonly set: (mode: Mode) => void;
  /** Resets every open connection. */
  readonly cut: () => void;
  readonly close: () => void;
}

/**
 * A TCP proxy on loopback in front of a loopback port, for what is below HTTP: TLS end to end, HTTP/2, a server
 * whose machine is gone.
 */
export async function startTcpProxy(upstreamPort: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let mode: Mode = "pass";
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    if (mode === "reset") return void client.resetAndDestroy();
    const pair = [client, connect(upstreamPort, "127.0.0.1")] as const;
    pairs.add(pair);
    join(pair, () => pairs.delete(pair));
    if (mode === "stall") hold(pair);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => pairs.forEach((pair) => pair.forEach((socket) => socket.resetAndDestroy()));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    set: (next) => {
      mode = next;
      pairs.forEach(next === "stall" ? hold : release);
    },
    cut,
    close: () => {
      server.close();
      cut();
    },
  };
}

function join([client, upstream]: readonly [Socket, Socket], onEnd: () => void): void {
  const ends = [
    [client, upstream],
    [upstream, client],
  ] as const;
  for (const [from, to] of ends) {
    from.pipe(to);
    from.on("error", () => to.resetAndDestroy());
    from.once("close", () => {
      to.end();
      onEnd();
    });
  }
}

/** What a piped socket holds back is not lost: TCP's own buffers fill, as they would before a dead machine. */
function hold([client, upstream]: readonly [Socket, Socket]): void {
  client.unpipe(upstream).pause();
  upstream.unpipe(client).pause();
}

function release([client, upstream]: readonly [Socket, Socket]): void {
  if (client.listenerCount("data") === 0) client.pipe(upstream);
  if (upstream.listenerCount("data") === 0) upstream.pipe(client);
}
