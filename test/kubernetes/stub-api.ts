import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent } from "undici";
import type { Connection } from "../../src/kubernetes/connect.ts";

export interface StubApi {
  readonly connection: Connection;
  /** Method and address of every request, in order. */
  readonly requests: readonly string[];
  readonly stop: () => Promise<void>;
}

/** For what a real API server cannot be made to do on demand: silence, garbage, a version that is gone. */
export async function startStubApi(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<StubApi> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const dispatcher = new Agent();
  const connection: Connection = {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers: () => Promise.resolve({ authorization: "Bearer secret-token" }),
    dispatcher: () => Promise.resolve(dispatcher),
    renew: () => undefined,
    close: () => dispatcher.destroy(),
  };
  return {
    connection,
    requests,
    stop: async () => {
      await dispatcher.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

export function statusBody(code: number, message: string): string {
  return JSON.stringify({ kind: "Status", status: "Failure", code, message });
}
