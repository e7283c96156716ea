import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createPrometheus, type PrometheusOptions } from "../../src/signals/prometheus.ts";
import type { QueryEvent } from "../../src/signals/query-sender.ts";
import { freePort } from "../support/free-port.ts";
import { formOf, never, sends, stubServer, vectorOf } from "./stub-server.ts";

const AT = 1_700_000_000_123;

function connect(url: string, options: Partial<PrometheusOptions> = {}) {
  const prometheus = createPrometheus({ urls: [url], timeoutMs: 20_000, ...options });
  onTestFinished(() => prometheus.close());
  return prometheus;
}

/** Keeps what was asked, and answers with `value`. */
function recorder(value = "1") {
  const requests: { request: IncomingMessage; form: URLSearchParams }[] = [];
  const handle: RequestListener = (request, response) => {
    void formOf(request).then((form) => {
      requests.push({ request, form });
      response.end(vectorOf(value));
    });
  };
  return { requests, handle };
}

describe("a request", () => {
  test("posts a form with the exact instant to the address below its path prefix", async () => {
    const { requests, handle } = recorder();
    const { instant } = connect(`${await stubServer(handle)}/prom/`);
    const answer = await instant('up{app="a&b"} > 0', AT);
    const [asked] = requests;
    expect(asked?.request.method).toBe("POST");
    expect(asked?.request.url).toBe("/prom/api/v1/query");
    expect(Object.fromEntries(asked?.form ?? [])).toEqual({
      query: 'up{app="a&b"} > 0',
      time: "1700000000.123",
      // What is left of it when the request is sent.
      timeout: expect.stringMatching(/^(?:20000|1\d{4})ms$/),
      latency_offset: "1ms",
    });
    expect(answer).toMatchObject({ ok: true, series: [{ value: 1 }] });
  });

  test.each([405, 501])("trap 13: where POST gets %i, GET is used, and remembered", async (status) => {
    const methods: string[] = [];
    const url = await stubServer((request, response) => {
      methods.push(request.method ?? "");
      if (request.method === "GET") return void response.end(vectorOf("1"));
      response.writeHead(status, { "content-type": "text/html" }).end("<h1>no</h1>");
    });
    const { instant } = connect(url);
    expect(await instant("up", AT)).toMatchObject({ ok: true });
    expect(await instant("up", AT)).toMatchObject({ ok: true });
    expect(methods).toEqual(["POST", "GET", "GET"]);
  });

  test("carries headers that are asked for anew each time", async () => {
    const { requests, handle } = recorder();
    let token = "first";
    const { instant } = connect(await stubServer(handle), {
      headers: () => ({ authorization: `Bearer ${token}` }),
    });
    await instant("up", AT);
    token = "second";
    await instant("up", AT);
    expect(requests.map(({ request }) => request.headers.authorization)).toEqual([
      "Bearer first",
      "Bearer second",
    ]);
  });

  test("whose headers cannot be made is a failure, not an exception", async () => {
    const headers = (): never => {
      throw new Error("token file is gone");
    };
    const { instant } = connect(await stubServer(never), { headers });
    await expect(instant("up", AT)).resolves.toMatchObject({
      ok: false,
      detail: expect.stringContaining("token file is gone"),
    });
  });

  test("trap 34: credentials in the address are sent as such and never shown", async () => {
    const { requests, handle } = recorder();
    const url = new URL(await stubServer(handle));
    const observe = vi.fn<(event: QueryEvent) => void>();
    const { instant } = connect(`http://me:s%3Acret@${url.host}/`, { observe });
    const answer = await instant("up", AT);
    expect(requests[0]?.request.headers.authorization).toBe(
      `Basic ${Buffer.from("me:s:cret").toString("base64")}`,
    );
    expect(answer.endpoint).toBe(url.origin);
    expect(JSON.stringify([answer, observe.mock.calls])).not.toContain("cret");
  });

  test.each([
    ["prometheus:9090", /http/],
    ["not a url", /no URL/],
    ["http://me:secret@prom/?a=b", /query/],
  ])("to %s is refused at once, without repeating secrets", (url, message) => {
    expect(() => createPrometheus({ urls: [url] })).toThrow(message);
    expect(() => createPrometheus({ urls: [url] })).not.toThrow(/secret/);
  });
});

describe("no usable answer", () => {
  test("nobody listens: unreachable", async () => {
    const { instant } = connect(`http://127.0.0.1:${await freePort()}`);
    await expect(instant("up", AT)).resolves.toMatchObject({
      ok: false,
      reason: "unreachable",
      detail: expect.stringContaining("connection refused"),
    });
  });

  test("silence ends at the timeout: unreachable", async () => {
    const { instant } = connect(await stubServer(never), { timeoutMs: 150 });
    const started = performance.now();
    await expect(instant("up", AT)).resolves.toMatchObject({
      reason: "unreachable",
      detail: expect.stringContaining("no answer within 0.15s"),
    });
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  test("a body that trickles is bounded as a whole: unreachable", async () => {
    const url = await stubServer((_, response) => {
      const timer = setInterval(() => response.write(" "), 20);
      response.once("close", () => clearInterval(timer));
    });
    const { instant } = connect(url, { timeoutMs: 200 });
    await expect(instant("up", AT)).resolves.toMatchObject({
      reason: "unreachable",
      detail: expect.stringContaining("no answer within 0.2s"),
    });
  });

  test("a connection that breaks in mid-answer: unreachable", async () => {
    const url = await stubServer((_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"status":"success","data":', () => response.destroy());
    });
    await expect(connect(url).instant("up", AT)).resolves.toMatchObject({
      reason: "unreachable",
      detail: expect.stringMatching(/connection (?:closed|reset)/),
    });
  });

  test("trap 13: truncated JSON, a proxy's page and 204 are query-failed", async () => {
    const handlers = [
      sends(200, '{"status":"succ'),
      sends(502, "<html>Bad Gateway</html>", "text/html"),
      sends(204, ""),
    ];
    for (const handle of handlers) {
      const { instant } = connect(await stubServer(handle));
      await expect(instant("up", AT)).resolves.toMatchObject({ ok: false, reason: "query-failed" });
    }
  });

  test("an endless answer is cut off: query-failed", async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 32);
    const url = await stubServer((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(megabyte));
      };
      response.on("drain", more);
      more();
    });
    await expect(connect(url, { timeoutMs: 20_000 }).instant("up", AT)).resolves.toMatchObject({
      reason: "query-failed",
      detail: expect.stringContaining("32 MiB"),
    });
  });
});

test("no more exchanges at once than allowed, and all get their turn", async () => {
  const held: ServerResponse[] = [];
  let most = 0;
  const url = await stubServer((_, response) => {
    most = Math.max(most, held.push(response));
    // Those that come too soon, a moment after the third, must find it still waiting.
    if (held.length === 3) {
      setTimeout(() => held.splice(0).forEach((each) => each.end(vectorOf("1"))), 50);
    }
  });
  const { instant } = connect(url, { concurrency: 3 });
  const answers = await Promise.all(Array.from({ length: 9 }, () => instant("up", AT)));
  expect(answers.filter(({ ok }) => ok)).toHaveLength(9);
  expect(most).toBe(3);
});

test("every exchange is told with its endpoint, time and outcome", async () => {
  const observe = vi.fn<(event: QueryEvent) => void>();
  const url = await stubServer(sends(503, "busy", "text/plain"));
  await connect(url, { observe }).instant("up", AT);
  const seconds: unknown = expect.any(Number);
  expect(observe.mock.calls).toEqual([[{ endpoint: url, seconds, outcome: "query-failed" }]]);
});

describe("trap 12: one of several endpoints", () => {
  test("stays in use until it fails, then the next stays in use", async () => {
    let healthy = true;
    const first = await stubServer((request, response) => {
      (healthy ? sends(200, vectorOf("1")) : sends(503, "busy"))(request, response);
    });
    const second = await stubServer(sends(200, vectorOf("2")));
    const { instant } = connect(first, { urls: [first, second] });
    const endpoints: string[] = [];
    const ask = async (): Promise<void> => void endpoints.push((await instant("up", AT)).endpoint);
    await ask();
    healthy = false;
    await ask();
    healthy = true;
    await ask();
    expect(endpoints).toEqual([first, second, second]);
  });

  test("a rejected query is not taken elsewhere", async () => {
    const refusal = JSON.stringify({ status: "error", errorType: "bad_data", error: "parse error" });
    const first = await stubServer(sends(400, refusal));
    const { requests, handle } = recorder();
    const second = await stubServer(handle);
    const answer = await connect(first, { urls: [first, second] }).instant("up(", AT);
    expect(answer).toMatchObject({ ok: false, reason: "query-rejected", endpoint: first });
    expect(requests).toHaveLength(0);
  });

  test("when all fail, each says why", async () => {
    const first = await stubServer(sends(503, "busy", "text/plain"));
    const second = `http://127.0.0.1:${await freePort()}`;
    const answer = await connect(first, { urls: [first, second] }).instant("up", AT);
    expect(answer).toMatchObject({ ok: false, reason: "query-failed", endpoint: first });
    expect("detail" in answer && answer.detail).toMatch(/busy.*connection refused/);
  });
});

describe("a range", () => {
  /** Answers like Prometheus for one series that is its own time, and refuses as it does above its limit. */
  const timeSeries: RequestListener = (request, response) => {
    void formOf(request).then((form) => {
      const [start, end, step] = ["start", "end", "step"].map((name) => Number(form.get(name)) * 1000);
      const count = Math.floor(((end ?? 0) - (start ?? 0)) / (step ?? 1)) + 1;
      if (count > 11_000) return sends(400, "exceeded maximum resolution", "text/plain")(request, response);
      const values = Array.from({ length: count }, (_, index) => {
        const at = ((start ?? 0) + index * (step ?? 0)) / 1000;
        return [at, String(at)];
      });
      const data = { resultType: "matrix", result: [{ metric: { app: "a" }, values }] };
      return response.end(JSON.stringify({ status: "success", data }));
    });
  };

  test("above 11,000 points is asked in pieces that join without seam or overlap", async () => {
    const { range } = connect(await stubServer(timeSeries));
    const grid = { from: 1_700_000_000_250, to: 1_700_000_000_250 + 25_000 * 500, stepMs: 500 };
    const answer = await range("time()", grid);
    const series = answer.ok ? answer.series : [];
    expect(series).toHaveLength(1);
    const points = series[0]?.points ?? [];
    expect(points).toHaveLength(25_001);
    expect(points.every(({ at }, index) => at === grid.from + index * 500)).toBe(true);
  });

  test("whose later piece fails is asked anew and whole of the next endpoint", async () => {
    let asked = 0;
    const first = await stubServer((request, response) => {
      asked += 1;
      (asked === 1 ? timeSeries : sends(503, "busy"))(request, response);
    });
    const second = await stubServer(timeSeries);
    const { range } = connect(first, { urls: [first, second] });
    const answer = await range("time()", { from: 0, to: 12_000_000, stepMs: 1000 });
    expect(answer).toMatchObject({ ok: true, endpoint: second });
    expect(answer.ok && answer.series[0]?.points.length).toBe(12_001);
  });
});
