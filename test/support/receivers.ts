import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as it arrived. */
export interface Received {
  /** Epoch ms. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown;
  /** As it came. */
  readonly text: string;
}

/** What to do with a request instead of accepting it. */
export type Reply =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  /** Never answer. */
  | "hang"
  /** Close the connection without an answer. */
  | "reset";

export interface Receiver {
  /** The whole address to post to; its path is secret-like, so that a leak of it can be searched for. */
  readonly url: string;
  /** Everything that arrived, in order, whatever the answer was. */
  readonly received: readonly Received[];
  /** Only what was answered with success. */
  readonly accepted: readonly Received[];
  /** The next requests get these answers, one each; after that requests are accepted again. */
  readonly script: (...replies: readonly Reply[]) => void;
  readonly close: () => Promise<void>;
}

/** An incoming webhook of Slack. */
export function startSlackReceiver(): Promise<Receiver> {
  return startReceiver("/services/T000/B000/SECRETTOKENOFSLACK", { status: 200, body: "ok" });
}

/** Events API v2 of PagerDuty. */
export function startPagerDutyReceiver(): Promise<Receiver> {
  return startReceiver("/v2/enqueue", {
    status: 202,
    body: '{"status":"success","message":"Event processed"}',
    headers: { "content-type": "application/json" },
  });
}

/** Whatever understands the signed webhook. */
export function startWebhookReceiver(): Promise<Receiver> {
  return startReceiver("/hooks/SECRETPATHOFTHEWEBHOOK", { status: 204 });
}

async function startReceiver(path: string, success: Exclude<Reply, string>): Promise<Receiver> {
  const received: Received[] = [];
  const accepted: Received[] = [];
  const script: Reply[] = [];
  const server = createServer((request, response) => {
    void readAll(request).then((text) => {
      const { method = "", url = "", headers } = request;
      const arrived = { at: Date.now(), method, path: url, headers, body: parse(text), text };
      received.push(arrived);
      const reply = script.shift() ?? success;
      if (reply === success) {
        accepted.push(arrived);
      }
      answer(reply, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    received,
    accepted,
    script: (...replies) => void script.push(...replies),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(reply: Reply, response: ServerResponse): void {
  if (reply === "reset") {
    response.socket?.resetAndDestroy();
  } else if (reply !== "hang") {
    response.writeHead(reply.status, reply.headers).end(reply.body);
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
