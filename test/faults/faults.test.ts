import { createServer } from "node:http";
import { createServer as createTlsServer, get as getTls } from "node:https";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { request } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { createAuthority } from "./certificates.ts";
import { startFakePrometheus } from "./fake-prometheus.ts";
import { startFaultProxy } from "./fault-proxy.ts";
import { startTcpProxy } from "./tcp-proxy.ts";

const BODY = "0123456789".repeat(10);
const BROKEN = /ECONNRESET|other side closed|socket hang up/;

/** Echoes method, path and body in headers; `/stream` sends a line whenever the test says so. */
async function upstream() {
  const lines: (() => void)[] = [];
  let gone = 0;
  const server = createServer((incoming, response) => {
    response.once("close", () => (gone += 1));
    if (incoming.url === "/stream") {
      response.writeHead(200);
      response.flushHeaders();
      lines.push(() => void response.write("line\n"));
      return;
    }
    incoming.resume().once("end", () => {
      response.writeHead(200, { "content-type": "text/x-own", "content-length": BODY.length });
      response.end(BODY);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, lines, gone: () => gone };
}

async function proxied() {
  const behind = await upstream();
  const proxy = await startFaultProxy(behind.url);
  onTestFinished(proxy.close);
  return { behind, proxy };
}

async function ask(url: string, path = "/path?a=1", timeoutMs = 5000) {
  const { statusCode, headers, body } = await request(url + path, {
    method: "POST",
    body: "hello",
    signal: AbortSignal.timeout(timeoutMs),
  });
  return { status: statusCode, headers, text: await body.text() };
}

describe("the HTTP proxy", () => {
  test("is faithful and keeps count until it is told otherwise", async () => {
    const { proxy } = await proxied();
    const { status, headers, text } = await ask(proxy.url);
    expect({ status, text, type: headers["content-type"] }).toEqual({
      status: 200,
      text: BODY,
      type: "text/x-own",
    });
    expect(proxy.requests).toEqual(["POST /path?a=1"]);
  });

  test("answers in the upstream's place", async () => {
    const { proxy } = await proxied();
    proxy.set({ kind: "answer", status: 429, body: "slow down", headers: { "retry-after": "30" } });
    const { status, headers, text } = await ask(proxy.url);
    expect({ status, text, after: headers["retry-after"] }).toEqual({
      status: 429,
      text: "slow down",
      after: "30",
    });
    proxy.set({ kind: "answer", status: 204 });
    await expect(ask(proxy.url)).resolves.toMatchObject({ status: 204, text: "" });
  });

  test("scripted faults come first, one request each", async () => {
    const { proxy } = await proxied();
    proxy.set({ kind: "answer", status: 503 });
    proxy.next(undefined, { kind: "answer", status: 500 });
    const statuses = [await ask(proxy.url), await ask(proxy.url), await ask(proxy.url)];
    expect(statuses.map(({ status }) => status)).toEqual([200, 500, 503]);
  });

  test("delays, hangs and resets", async () => {
    const { proxy } = await proxied();
    proxy.next({ kind: "delay", ms: 150 }, { kind: "hang" }, { kind: "reset" });
    const started = performance.now();
    await expect(ask(proxy.url)).resolves.toMatchObject({ status: 200 });
    expect(performance.now() - started).toBeGreaterThanOrEqual(149);
    await expect(ask(proxy.url, "/", 200)).rejects.toThrow(/timeout/);
    await expect(ask(proxy.url)).rejects.toThrow(BROKEN);
  });

  test("a reset in mid-body breaks the answer; a truncation does not show", async () => {
    const { proxy } = await proxied();
    proxy.next({ kind: "reset", afterBytes: 20 });
    await expect(ask(proxy.url)).rejects.toThrow(BROKEN);
    proxy.next({ kind: "truncate", afterBytes: 25 });
    await expect(ask(proxy.url)).resolves.toMatchObject({ status: 200, text: BODY.slice(0, 25) });
  });

  test("trickles, and changes the content type", async () => {
    const { proxy } = await proxied();
    proxy.next({ kind: "trickle", bytes: 25, everyMs: 50 });
    const started = performance.now();
    await expect(ask(proxy.url)).resolves.toMatchObject({ text: BODY });
    expect(performance.now() - started).toBeGreaterThan(150);
    proxy.next({ kind: "content-type", contentType: "text/html" });
    const { headers, text } = await ask(proxy.url);
    expect([headers["content-type"], text]).toEqual(["text/html", BODY]);
  });

  test("passes a stream as it comes, cuts it, and tells the upstream when its reader has gone", async () => {
    const { behind, proxy } = await proxied();
    const read = async () => {
      const { body } = await request(`${proxy.url}/stream`);
      const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      behind.lines.at(-1)?.();
      await expect(chunks.next()).resolves.toMatchObject({ value: Buffer.from("line\n") });
      return { body, chunks };
    };
    const { chunks } = await read();
    proxy.cut();
    await expect(chunks.next()).rejects.toThrow(BROKEN);
    await eventually("the upstream sees the cut", () => expect(behind.gone()).toBe(1));
    const { body } = await read();
    body.on("error", () => undefined).destroy();
    await eventually("the upstream sees its reader go", () => expect(behind.gone()).toBe(2));
  });

  test("an upstream that is not there looks like a connection that breaks", async () => {
    const proxy = await startFaultProxy(`http://127.0.0.1:${await freePort()}`);
    onTestFinished(proxy.close);
    await expect(ask(proxy.url)).rejects.toThrow(BROKEN);
  });
});

describe("the TCP proxy", () => {
  test("passes TLS through, stalls it, goes on, and resets", async () => {
    const authority = createAuthority("test authority");
    const server = createTlsServer(authority.issue("server"), (_, response) => response.end("secure"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = await startTcpProxy((server.address() as AddressInfo).port);
    onTestFinished(() => {
      proxy.close();
      server.close();
      server.closeAllConnections();
    });
    const get = () =>
      new Promise<string>((resolve, reject) => {
        const options = { ca: authority.ca, agent: false } as const;
        getTls(`https://127.0.0.1:${proxy.port}`, options, (response) => {
          response.setEncoding("utf8").once("data", resolve);
        }).once("error", reject);
      });
    await expect(get()).resolves.toBe("secure");
    proxy.set("stall");
    let done = false;
    const stalled = get().finally(() => (done = true));
    await eventually("it is connected", () => expect(proxy.connections()).toBe(2));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(done).toBe(false);
    proxy.set("pass");
    await expect(stalled).resolves.toBe("secure");
    proxy.set("reset");
    await expect(get()).rejects.toThrow(BROKEN);
  });
});

describe("the fake Prometheus", () => {
  test("answers instants, ranges, the time of its clock, and what it is told to", async () => {
    const fake = await startFakePrometheus(
      (expr, at) => (expr === "up" && at >= 10_000 ? at / 1000 : undefined),
      () => 77_000,
    );
    onTestFinished(fake.close);
    const get = async (path: string) => (await request(`${fake.url}/api/v1/${path}`)).body.json();
    await expect(get("query?query=up&time=10")).resolves.toMatchObject({
      data: { resultType: "vector", result: [{ value: [10, "10"] }] },
    });
    await expect(get("query?query=up&time=9")).resolves.toMatchObject({ data: { result: [] } });
    await expect(get("query_range?query=up&start=5&end=15&step=5")).resolves.toMatchObject({
      data: {
        resultType: "matrix",
        result: [
          {
            values: [
              [10, "10"],
              [15, "15"],
            ],
          },
        ],
      },
    });
    await expect(get("query?query=time()")).resolves.toMatchObject({
      data: { resultType: "scalar", result: [77, "77"] },
    });
    fake.answer({ status: 200, body: '{"status":"error"}' });
    await expect(get("query?query=up&time=10")).resolves.toEqual({ status: "error" });
    expect(fake.asked.map(({ kind }) => kind)).toEqual(["instant", "instant", "range", "instant", "instant"]);
  });
});
