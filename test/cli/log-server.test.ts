import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { followLog } from "../../src/cli/log.ts";
import { createHistory } from "../../src/daemon/history.ts";
import type { RecordBody } from "../../src/log/record.ts";
import { type LogWriter, openLog } from "../../src/log/writer.ts";
import { createAccess } from "../../src/server/access/access.ts";
import { countAttempts } from "../../src/server/access/attempts.ts";
import { createApp } from "../../src/server/app.ts";
import { eventRoute } from "../../src/server/event-routes.ts";
import { logRoutes } from "../../src/server/log-routes.ts";
import { applied, decision, trigger, verified } from "../notifications/story.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { call, terminal } from "./call.ts";

const BODIES: readonly RecordBody[] = [
  { type: "daemon.started", version: "0.1.0" },
  trigger("firing"),
  decision("d-1"),
  applied("d-1"),
  verified("d-1"),
  ...Array.from({ length: 600 }, (_, index) => trigger(index % 2 === 0 ? "pending" : "resolved")),
  decision("d-2", { decision: "hold", reason: "observe-mode" }),
];

const people = { history: createHistory(), now: Date.now };

/** A daemon's HTTP server, with nothing of the daemon but its log. */
async function serve(folder: string, log: LogWriter, signal: AbortSignal) {
  const app = createApp({
    version: "1",
    health: { hindrances: () => [], detailed: () => Promise.reject(new Error()) as never },
    metrics: { contentType: "text/plain", metrics: async () => "" },
    report: (error) => {
      throw error;
    },
    routes: [
      ...logRoutes({ folder, running: () => [], scrub: (text) => text, people }),
      eventRoute({ folder, ...log, signal }),
    ],
    access: createAccess({
      authorities: [],
      attempts: countAttempts(Date.now),
      logger: { warn: () => undefined },
    }),
  });
  return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
}

let data: string;
let url: string;
let log: LogWriter;
const cleanUps: (() => unknown)[] = [];
beforeAll(async () => {
  const temporary = temporaryFolder();
  data = temporary.path;
  log = await openLog(join(data, "decisions"));
  for (const [index, body] of BODIES.entries()) await log.append(body, Date.UTC(2026, 0, 1) + index * 1000);
  const ending = new AbortController();
  const server = await serve(join(data, "decisions"), log, ending.signal);
  ({ url } = server);
  cleanUps.push(
    () => ending.abort(),
    server.close,
    () => log.close(),
    temporary.remove,
  );
});
afterAll(async () => {
  for (const run of cleanUps) await run();
});

describe("the log of a daemon reads like the log of a folder", () => {
  it.each([
    ["list"],
    ["list", "--limit", "605"],
    ["list", "--type", "decision", "--format", "json"],
    [
      "list",
      "--policy",
      "api",
      "--decision",
      "rollback",
      "--from",
      "2026-01-01T00:00:01Z",
      "--to",
      "2026-01-01T01:00:00Z",
    ],
    ["list", "--policy", "nobody"],
    ["show", "d-1"],
    ["show", "d-2", "--format", "json"],
    ["show", "2"],
    ["show", "3"],
    ["report", "d-1"],
  ])("log %s %s %s %s", async (...argv) => {
    const here = await call("log", ...argv, "--data", data);
    const there = await call("log", ...argv, "--server", `${url}/`);
    expect(here.code).toBe(0);
    expect(there).toEqual(here);
  });

  it.each([
    ["show", "d-9"],
    ["show", "9999"],
    ["report", "d-9"],
  ])("log %s %s: what it does not know ends with 1", async (...argv) => {
    const there = await call("log", ...argv, "--server", url);
    expect(there).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining(`The log of ${url} knows no`),
    });
  });

  it("follows it", async () => {
    const ending = new AbortController();
    onTestFinished(() => ending.abort());
    const { io, said } = terminal();
    const done = followLog({ server: url, format: "json", signal: ending.signal }, io);
    const seen = () =>
      said()
        .split("\n")
        .filter((line) => line !== "")
        .map((line): number => JSON.parse(line).seq);
    await eventually("the last ten", () => expect(seen()).toHaveLength(10));
    const { seq } = await log.append(trigger("firing"));
    await eventually("the new one", () => expect(seen().at(-1)).toBe(seq));
    ending.abort();
    expect(await done).toBe(0);
    expect(seen()).toEqual(Array.from({ length: 11 }, (_, index) => seq - 10 + index));
  });
});

describe("a connection that broke", () => {
  it("is made again, and goes on after the last record that came", async () => {
    const after: unknown[] = [];
    const server = createServer((request, response) => {
      after.push(request.headers["last-event-id"]);
      const seq = after.length;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`retry: 2000\n\nid: ${seq}\nevent: x\ndata: ${JSON.stringify({ seq })}\n\n`, () =>
        request.socket.destroy(),
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const ending = new AbortController();
    const { io, said, complained } = terminal();
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const done = followLog({ server: at, format: "json", signal: ending.signal }, io);
    await eventually("both records", () => expect(said().split("\n").length).toBeGreaterThanOrEqual(2));
    ending.abort();
    expect(await done).toBe(0);
    expect(after.slice(0, 2)).toEqual([undefined, "1"]);
    expect(complained()).toContain("was lost; asking again every 2 s");
  });
});

describe("what cannot be read is explained, and ends with 2", () => {
  async function answering(status: number, body: string, type = "application/json"): Promise<string> {
    const server = createServer((_, response) =>
      response.writeHead(status, { "content-type": type }).end(body),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it("nobody answers", async () => {
    const done = await call("log", "list", "--server", "http://127.0.0.1:9");
    expect(done).toMatchObject({ code: 2, out: "" });
    expect(done.err).toMatch(
      /^The log was not read: http:\/\/127\.0\.0\.1:9 did not answer .*name another address/u,
    );
  });

  it("a token is needed: where to name it", async () => {
    const detail = "A token is needed here.";
    const done = await call(
      "log",
      "show",
      "d-1",
      "--server",
      await answering(401, JSON.stringify({ detail })),
    );
    expect(done).toMatchObject({
      code: 2,
      err: expect.stringContaining("A token is needed here. Name a token with --token-file"),
    });
  });

  it.each([
    [200, "<html>Welcome</html>"],
    [200, "{}"],
    [404, "no such page"],
  ])("status %s with %s is not taken for a log", async (status, body) => {
    for (const argv of [["list"], ["show", "d-1"]]) {
      const done = await call("log", ...argv, "--server", await answering(status, body));
      expect(done).toMatchObject({ code: 2, out: "", err: expect.stringMatching(/Next: check|status 404/u) });
    }
  });

  it("verify asks no daemon about itself, and says why", async () => {
    const done = await call("log", "verify", "--server", url);
    expect(done).toMatchObject({ code: 2, out: "" });
    expect(done.err).toMatch(/vouches for its own log proves nothing.*Next: verify the files/u);
  });

  it("two places are one too many", async () => {
    const done = await call("log", "list", "--server", url, "--data", data);
    expect(done).toMatchObject({ code: 2, err: expect.stringContaining("Name one of them") });
  });
});
