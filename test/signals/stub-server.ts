import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A server on loopback that does exactly what the test says, gone when the test is. */
export async function stubServer(handle: RequestListener, host = "127.0.0.1"): Promise<string> {
  const server = createServer(handle).listen(0, host);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A handler that always sends this. */
export function sends(status: number, body: string, contentType = "application/json"): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { "content-type": contentType }).end(body);
  };
}

/** An instant query's answer with one value. */
export function vectorOf(value: string): string {
  const result = [{ metric: { app: "a" }, value: [1_700_000_000, value] }];
  return JSON.stringify({ status: "success", data: { resultType: "vector", result } });
}

export async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

export function never(_request: IncomingMessage, _response: ServerResponse): void {
  // The client waits for as long as it likes.
}
