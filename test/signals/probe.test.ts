import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { createProbe, type ProbeResult } from "../../src/signals/probe.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { never, sends, stubServer } from "./stub-server.ts";

const NOW = 1_700_000_000_000;
const probe = createProbe(() => NOW);
const spec = (url: string, timeoutMs = 20_000) => ({ url, intervalMs: 10_000, timeoutMs });

describe("a probe", () => {
  test.each([200, 204, 299])("passes on %d", async (status) => {
    const url = await stubServer(sends(status, ""));
    await expect(probe(spec(`${url}/health?full=1`))).resolves.toEqual({
      at: NOW,
      ok: true,
      detail: expect.stringMatching(new RegExp(`^HTTP ${status} in \\d+ ms$`)),
    });
  });

  test.each([400, 404, 500, 503])("fails on %d", async (status) => {
    const url = await stubServer(sends(status, "no"));
    await expect(probe(spec(url))).resolves.toMatchObject({
      ok: false,
      fault: "target",
      detail: expect.stringMatching(new RegExp(`^HTTP ${status} in`)),
    });
  });

  test("asks for the path and query that it was given", async () => {
    let asked: string | undefined;
    const url = await stubServer((request, response) => {
      asked = `${request.method} ${request.url}`;
      response.end();
    });
    await probe(spec(`${url}/health/ready?full=1`));
    expect(asked).toBe("GET /health/ready?full=1");
  });

  test("follows a redirect to the same host, as kubelet does, and judges where it leads", async () => {
    const asked: (string | undefined)[] = [];
    const url = await stubServer((request, response) => {
      asked.push(request.url);
      if (request.url === "/health/?full=1") response.end("ok");
      else if (request.url === "/down") response.writeHead(503).end();
      else response.writeHead(301, { location: request.url === "/a" ? "/down" : "/health/?full=1" }).end();
    });
    await expect(probe(spec(`${url}/health`))).resolves.toMatchObject({ ok: true });
    expect(asked).toEqual(["/health", "/health/?full=1"]);
    await expect(probe(spec(`${url}/a`))).resolves.toMatchObject({ ok: false, fault: "target" });
  });

  test("follows a redirect to another port of the same host", async () => {
    const ok = await stubServer(sends(200, "ok"));
    const url = await stubServer((_, response) => response.writeHead(308, { location: ok }).end());
    await expect(probe(spec(url))).resolves.toMatchObject({ ok: true });
  });

  test("fails when a redirect leads round in a circle", async () => {
    const url = await stubServer((request, response) =>
      response.writeHead(302, { location: request.url }).end(),
    );
    await expect(probe(spec(url))).resolves.toMatchObject({
      ok: false,
      fault: "target",
      detail: "more than 10 redirects",
    });
  });

  test.each([
    [
      "another host",
      { location: "http://sso.test/login?ticket=s3cret" },
      "to http://sso.test/login is not followed",
    ],
    ["no place", {}, "a redirect is not followed"],
    ["no http address", { location: "javascript:alert(1)" }, "is not followed"],
    ["an address that is none", { location: "http://[" }, "is not followed"],
  ])("does not know when a redirect leads to %s", async (_, headers, detail) => {
    const url = await stubServer((_request, response) => response.writeHead(302, headers).end());
    await expect(probe(spec(url))).resolves.toMatchObject({
      ok: false,
      fault: "prober",
      detail: expect.stringContaining(detail),
    });
  });

  test("takes a redirect for the answer where the rule says what the address must answer", async () => {
    const url = await stubServer((request, response) =>
      request.url === "/" ? response.writeHead(302, { location: "/login" }).end() : response.end("ok"),
    );
    const expects = (from: number, to: number) => ({
      ...spec(url),
      expect: { statuses: [{ from, to }], body: undefined },
    });
    await expect(probe(expects(200, 299))).resolves.toMatchObject({ ok: false, fault: "target" });
    await expect(probe(expects(300, 399))).resolves.toMatchObject({ ok: true });
  });

  test("fails when nobody listens", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await expect(probe(spec(url))).resolves.toMatchObject({
      ok: false,
      fault: "target",
      detail: "connection refused",
    });
  });

  test("fails when there is no answer in time", async () => {
    const started = performance.now();
    await expect(probe(spec(await stubServer(never), 2000))).resolves.toMatchObject({
      ok: false,
      fault: "target",
      detail: "no answer within 2s",
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("bounds the exchange as a whole: a 200 whose body never ends in time fails", async () => {
    const url = await stubServer((_, response) => {
      const timer = setInterval(() => response.write("."), 20);
      response.once("close", () => clearInterval(timer));
    });
    await expect(probe(spec(url, 2000))).resolves.toMatchObject({
      ok: false,
      detail: "no answer within 2s",
    });
  });

  test("does not wait for more of a large body than it needs", async () => {
    const url = await stubServer((_, response) => void response.write("x".repeat(200_000)));
    await expect(probe(spec(url))).resolves.toMatchObject({ ok: true });
  });

  test("fails when the connection breaks", async () => {
    const url = await stubServer((request) => void request.socket.destroy());
    await expect(probe(spec(url))).resolves.toMatchObject({
      ok: false,
      fault: "target",
      detail: expect.stringMatching(/connection (?:closed|reset)/),
    });
  });

  test("opens a connection of its own each time", async () => {
    const ports = new Set<number | undefined>();
    const url = await stubServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.end();
    });
    await probe(spec(url));
    await probe(spec(url));
    expect(ports.size).toBe(2);
  });

  test("sees a process that was killed between two probes", async () => {
    const server = run(new URL("./processes/server.ts", import.meta.url));
    const url = `http://127.0.0.1:${await firstLine(server)}`;
    await expect(probe(spec(url))).resolves.toMatchObject({ ok: true });
    server.kill("SIGKILL");
    await once(server, "exit");
    await expect(probe(spec(url))).resolves.toMatchObject({ ok: false, detail: "connection refused" });
  });
});

describe("trap 8: the prober's own trouble is not the target's", () => {
  test("too many open files", async () => {
    const url = await stubServer(sends(200, "ok"));
    const prober = run(new URL("./processes/probe-without-files.ts", import.meta.url), url);
    expect(JSON.parse(await firstLine(prober))).toMatchObject({
      ok: false,
      fault: "prober",
      detail: "too many open files in this process",
    });
  });

  test("a process that was paused for longer than the timeout", async () => {
    const underWay = Promise.withResolvers<void>();
    const url = await stubServer(() => underWay.resolve());
    const prober = run(new URL("./processes/probe-once.ts", import.meta.url), url, "2000");
    await underWay.promise;
    prober.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 2500));
    prober.kill("SIGCONT");
    const result = JSON.parse(await firstLine(prober)) as ProbeResult;
    expect(result).toMatchObject({ ok: false, fault: "prober", detail: expect.stringContaining("paused") });
  });

  test("a resolver that does not answer, for no longer than the timeout", async () => {
    const started = performance.now();
    const silent = createProbe(
      () => NOW,
      () => {
        // A resolver that is down.
      },
    );
    await expect(silent(spec("http://vcci-api.test:8000", 200))).resolves.toMatchObject({
      ok: false,
      fault: "prober",
      detail: expect.stringContaining("name not resolved, no answer within 0.2s"),
    });
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  test("a resolver in trouble; a name that does not exist is the target's", async () => {
    const failing = (code: string) =>
      createProbe(
        () => NOW,
        (_host, _options, done) => done(Object.assign(new Error(code), { code }), ""),
      );
    const asked = spec("http://vcci-api.test:8000");
    await expect(failing("EAI_AGAIN")(asked)).resolves.toMatchObject({ fault: "prober" });
    await expect(failing("ENOTFOUND")(asked)).resolves.toMatchObject({ fault: "target" });
  });

  test("an address that nothing could answer", async () => {
    await expect(probe(spec("no address"))).resolves.toMatchObject({ ok: false, fault: "prober" });
    await expect(probe(spec("ftp://127.0.0.1/"))).resolves.toMatchObject({ ok: false, fault: "prober" });
  });
});

function run(script: URL, ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(script), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return await eventually("the process says something", () => {
    const end = text.indexOf("\n");
    if (end < 0) throw new Error(`so far: ${text}`);
    return text.slice(0, end);
  });
}
