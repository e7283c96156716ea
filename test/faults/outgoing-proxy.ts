import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** What the proxy was asked for. */
export interface Asked {
  /** CONNECT: a tunnel, as for https; anything else is an address to be fetched for the client. */
  readonly method: string;
  /** `host:port` of a tunnel, else the whole address. */
  readonly target: string;
  readonly authorization: string | undefined;
}

export interface OutgoingProxy {
  /** For HTTPS_PROXY and HTTP_PROXY. */
  readonly url: string;
  readonly asked: readonly Asked[];
  /** Answers from now on with this status instead of passing anything on. */
  readonly refuse: (status: number) => void;
  readonly close: () => Promise<void>;
}

/** The proxy through which companies let their machines out: forwards http and tunnels everything else. */
export async function startOutgoingProxy(): Promise<OutgoingProxy> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  let refusal: number | undefined;
  const note = ({ method = "", url = "", headers }: IncomingMessage): void =>
    void asked.push({ method, target: url, authorization: headers["proxy-authorization"] });
  const server = createServer((incoming, outgoing) => {
    note(incoming);
    if (refusal === undefined) forward(incoming, outgoing);
    else outgoing.writeHead(refusal).end("refused by the proxy");
  });
  server.on("connect", (incoming: IncomingMessage, client: Socket) => {
    note(incoming);
    sockets.add(client);
    client.on("error", () => client.destroy());
    if (refusal === undefined) sockets.add(tunnel(incoming.url ?? "", client));
    else client.end(`HTTP/1.1 ${refusal} Refused\r\n\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    refuse: (status) => {
      refusal = status;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers } = incoming;
  const upstream = request(new URL(incoming.url ?? ""), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on("error", () => outgoing.writeHead(502).end());
  incoming.pipe(upstream);
}

function tunnel(target: string, client: Socket): Socket {
  const at = target.lastIndexOf(":");
  const upstream = connect(Number(target.slice(at + 1)), target.slice(0, at), () => {
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    upstream.pipe(client).pipe(upstream);
  });
  upstream.on("error", () => client.destroy());
  return upstream;
}
