import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export const PLAN = {
  policy: "shop",
  target: "prod/shop",
  release: "prod/shop@7",
  from: { revision: "7", standing: "unproven", images: { api: "shop:2" } },
  to: { revision: "6", standing: "good", images: { api: "shop:1" } },
  diff: ["- containers.api.image: shop:2", "+ containers.api.image: shop:1"],
  warnings: ["Data stays as it is."],
};

/** A daemon that gives these answers one after the other; "gone": it ends in the middle of one. */
export async function daemon(...answers: readonly (readonly [number, object] | "gone")[]) {
  const asked: { url: string; body: unknown; authorization: string | undefined }[] = [];
  const keys: unknown[] = [];
  const server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      const { url = "", headers } = request;
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      const next = answers[asked.length] ?? [500, {}];
      asked.push({ url, body, authorization: headers.authorization });
      keys.push(headers["idempotency-key"]);
      if (next === "gone") {
        request.socket.destroy();
        return;
      }
      const [status, answer] = next;
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, keys };
}
