import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { fastify } from "fastify";
import { ListenError, listen } from "../../src/server/listen.ts";

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((it) => it.close()));
});

function app() {
  const it = fastify();
  open.push(it);
  return it;
}

async function taken(): Promise<number> {
  const server: Server = createServer();
  open.push(server);
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
}

describe("listening", () => {
  it("tells the address, also of a port that was free to choose", async () => {
    expect(await listen(app(), { host: "127.0.0.1", port: 0 })).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/u);
  });

  it("a port in use is said with the next step", async () => {
    const port = await taken();
    const failed = listen(app(), { host: "127.0.0.1", port });
    await expect(failed).rejects.toBeInstanceOf(ListenError);
    await expect(failed).rejects.toThrow(
      `cannot listen on 127.0.0.1 port ${port}: another process does. End that one, or choose another port with ROLLBACKD_HTTP_PORT.`,
    );
  });

  it("an address of another machine is said with the next step", async () => {
    await expect(listen(app(), { host: "192.0.2.1", port: 0 })).rejects.toThrow(
      "cannot listen on 192.0.2.1 port 0: this machine has no such address (EADDRNOTAVAIL). Correct ROLLBACKD_HTTP_HOST",
    );
  });
});
