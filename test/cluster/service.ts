import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface Service {
  /** Stays the same while backends come and go. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/**
 * Plays a ClusterIP Service: a fixed loopback address whose connections go in turn to the backends (`host:port`)
 * of that moment. With none, or one that refuses, the connection is closed without an answer.
 */
export async function startService(backends: () => readonly string[]): Promise<Service> {
  const sockets = new Set<Socket>();
  let turn = 0;
  const keep = (socket: Socket): Socket =>
    sockets.add(socket) && socket.on("close", () => sockets.delete(socket));

  const server = createServer((client) => {
    keep(client).on("error", () => client.destroy());
    const all = backends();
    const [host, port] = all[turn % all.length]?.split(":") ?? [];
    turn += 1;
    if (host === undefined) {
      client.destroy();
      return;
    }
    const backend = keep(connect(Number(port), host));
    backend.on("error", () => client.destroy());
    client.on("close", () => backend.destroy());
    client.pipe(backend).pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = address === null || typeof address === "string" ? "" : address.port;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await once(server, "close");
    },
  };
}
