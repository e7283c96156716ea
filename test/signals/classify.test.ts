import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classifyInstant, classifyRange, type Reply } from "../../src/signals/classify.ts";

const json = (status: number, document: unknown): Reply => ({
  status,
  contentType: "application/json",
  body: JSON.stringify(document),
});
const text = (status: number, body: string, contentType = "text/plain; charset=utf-8"): Reply => ({
  status,
  contentType,
  body,
});
const success = (resultType: string, result: unknown, more: object = {}): Reply =>
  json(200, { status: "success", data: { resultType, result }, ...more });
const error = (status: number, errorType: string, message: string): Reply =>
  json(status, { status: "error", errorType, error: message });
const one = [{ metric: { __name__: "up", app: "a" }, value: [1_700_000_000.123, "0.25"] }];

describe("an answer", () => {
  test("is its series, with the labels but not the metric's name, at whole milliseconds", () => {
    const series = [{ labels: { app: "a" }, at: 1_700_000_000_123, value: 0.25 }];
    expect(classifyInstant(success("vector", one))).toEqual({ ok: true, series });
  });

  test("is at a whole millisecond where the fraction of its second is not exact", () => {
    const result = [{ metric: {}, value: [1.001, "1"] }];
    expect(1.001 * 1000).not.toBe(1001);
    expect(classifyInstant(success("vector", result))).toMatchObject({ series: [{ at: 1001 }] });
  });

  test("of a scalar is one series without labels", () => {
    const series = [{ labels: {}, at: 1_700_000_000_000, value: 7 }];
    expect(classifyInstant(success("scalar", [1_700_000_000, "7"]))).toEqual({ ok: true, series });
  });

  test("without series is no failure", () => {
    expect(classifyInstant(success("vector", []))).toEqual({ ok: true, series: [] });
  });

  test("of a range is its points", () => {
    const result = [
      {
        metric: { app: "a" },
        values: [
          [1, "1"],
          [2, "NaN"],
        ],
      },
    ];
    const points = [
      { at: 1000, value: 1 },
      { at: 2000, value: Number.NaN },
    ];
    expect(classifyRange(success("matrix", result))).toEqual({
      ok: true,
      series: [{ labels: { app: "a" }, points }],
    });
  });

  test.each([
    ["NaN", Number.NaN],
    ["+Inf", Number.POSITIVE_INFINITY],
    ["-Inf", Number.NEGATIVE_INFINITY],
    ["1e-7", 1e-7],
    ["-0.5", -0.5],
    ["1.7976931348623157e+308", Number.MAX_VALUE],
  ])("trap 4: the value %s is read as Prometheus means it", (spelled, value) => {
    expect(classifyInstant(success("vector", [{ metric: {}, value: [0, spelled] }]))).toEqual({
      ok: true,
      series: [{ labels: {}, at: 0, value }],
    });
  });

  test("of native histograms has no number in it", () => {
    const instant = [{ metric: {}, histogram: [1, { count: "3", sum: "4", buckets: [] }] }];
    const range = [{ metric: {}, histograms: [[1, { count: "3", sum: "4" }]] }];
    expect(classifyInstant(success("vector", instant))).toMatchObject({ series: [{ value: Number.NaN }] });
    expect(classifyRange(success("matrix", range))).toMatchObject({
      series: [{ points: [{ value: Number.NaN }] }],
    });
  });

  test("trap 13: infos are remarks on style, also where old servers send them as warnings", () => {
    const infos = ["PromQL info: metric might not be a counter"];
    expect(classifyInstant(success("vector", one, { infos, warnings: [] })).ok).toBe(true);
    expect(classifyInstant(success("vector", one, { warnings: infos })).ok).toBe(true);
  });
});

describe("trap 13: what went wrong is named by what to do about it", () => {
  const cases: readonly [string, Reply, string, RegExp][] = [
    [
      "a warning",
      success("vector", one, { warnings: ["store 10.0.0.1: deadline exceeded"] }),
      "partial-response",
      /store/,
    ],
    ["a partial answer", success("vector", one, { isPartial: true }), "partial-response", /partial/],
    ["204", text(204, "", ""), "query-failed", /HTTP 204 without a body/],
    ["an empty 200", text(200, "", "application/json"), "query-failed", /without a body/],
    [
      "truncated JSON",
      text(200, '{"status":"success","data":{"resultType":"vector","res', "application/json"),
      "query-failed",
      /no complete answer/,
    ],
    [
      "a login page",
      text(200, "<html>Sign in</html>", "text/html"),
      "query-failed",
      /text\/html "<html>Sign in/,
    ],
    ["a proxy's 502", text(502, "<html><h1>502 Bad Gateway</h1></html>", "text/html"), "query-failed", /502/],
    ["503 in plain text", text(503, "Service Unavailable"), "query-failed", /503 text\/plain "Service/],
    [
      "503 timeout",
      error(503, "timeout", "query timed out in expression evaluation"),
      "query-failed",
      /timeout/,
    ],
    ["503 canceled", error(503, "canceled", "query was canceled"), "query-failed", /canceled/],
    ["500 internal", error(500, "internal", "storage is gone"), "query-failed", /storage/],
    [
      "400 bad_data",
      error(400, "bad_data", "1:5: parse error: unexpected end"),
      "query-rejected",
      /parse error.*change/,
    ],
    ["400 in prose", text(400, "the query time range exceeds the limit"), "query-rejected", /exceeds/],
    [
      "400 for want of TLS",
      text(400, "Client sent an HTTP request to an HTTPS server."),
      "query-failed",
      /HTTPS/,
    ],
    ["400 from a proxy", text(400, "<html>Bad Request</html>", "text/html"), "query-failed", /400/],
    ["422 deadline", error(422, "execution", "context deadline exceeded"), "query-failed", /deadline/],
    ["422 timeout", error(422, "422", "timeout exceeded while fetching data"), "query-failed", /timeout/],
    [
      "422 canceled",
      error(422, "execution", "expanding series: context canceled"),
      "query-failed",
      /canceled/,
    ],
    [
      "422 too many samples",
      error(422, "execution", "query processing would load too many samples into memory in query execution"),
      "query-rejected",
      /too many samples/,
    ],
    [
      "422 many-to-many",
      error(422, "execution", "found duplicate series for the match group"),
      "query-rejected",
      /duplicate/,
    ],
    ["401", text(401, "Unauthorized"), "query-failed", /ROLLBACKD_PROMETHEUS_BASIC_USER/],
    ["403", text(403, "no"), "query-failed", /_BEARER_TOKEN_FILE/],
    ["404", text(404, "404 page not found"), "query-failed", /path of the address/],
    ["405", text(405, ""), "query-failed", /POST/],
    [
      "429",
      error(429, "too_many_requests", "too many outstanding requests"),
      "query-failed",
      /too_many_requests/,
    ],
    ["429 in prose", text(429, "slow down"), "query-failed", /too many queries/],
    ["302", text(302, ""), "query-failed", /redirects/],
    ["300", text(300, ""), "query-failed", /redirects/],
    ["bad_data under another status", error(500, "bad_data", "parse error"), "query-rejected", /parse error/],
    [
      "400 that only speaks of a timeout",
      error(400, "bad_data", "invalid parameter timeout"),
      "query-rejected",
      /timeout/,
    ],
    ["422 in prose", text(422, "the query is too long"), "query-rejected", /too long/],
    ["422 in prose, passing", text(422, "upstream timed out"), "query-failed", /timed out/],
    ["422 timing out", error(422, "execution", "timing-out of the store"), "query-failed", /timing-out/],
    [
      "422 that quotes a metric of that name",
      error(422, "execution", String.raw`duplicate series for "a\"timeout" on the right`),
      "query-rejected",
      /duplicate/,
    ],
    [
      "422 of a metric of that name, and of something passing",
      error(422, "execution", '"timeout_total": connection reset by peer, near "x"'),
      "query-failed",
      /reset/,
    ],
    ["400 without a word", text(400, " "), "query-failed", /without a body/],
    ["400 from a proxy that calls HTML text", text(400, " <html>Bad</html>"), "query-failed", /400/],
    ["400 from a proxy whose HTML is prose", text(400, "Bad Request", "text/html"), "query-failed", /400/],
    ["503 of no type", text(503, "gone", ""), "query-failed", /^HTTP 503 "gone"$/],
    ["a bare number", text(200, "7"), "query-failed", /no complete answer/],
    ["null", text(200, "null"), "query-failed", /no complete answer/],
    ["success of no type", json(200, { status: "success", data: {} }), "query-failed", /resultType none/],
    [
      "a warning that is no text",
      success("vector", one, { warnings: [{ store: "b" }] }),
      "partial-response",
      /^\{"store":"b"\}$/,
    ],
    ["an error without words", json(500, { status: "error" }), "query-failed", /^HTTP 500, none: none$/],
    ["a string", success("string", [1, "hello"]), "query-rejected", /string/],
    ["a range", success("matrix", []), "query-rejected", /matrix/],
    ["an unknown type", success("tensor", []), "query-failed", /tensor/],
    ["a value that is none", success("vector", [{ metric: {}, value: [1, ""] }]), "query-failed", /shape/],
    ["labels that are none", success("vector", [{ metric: { a: 1 }, value: [1, "1"] }]), "query-failed", /./],
    ["success without data", json(200, { status: "success" }), "query-failed", /shape/],
    ["null data", json(200, { status: "success", data: null }), "query-failed", /shape/],
  ];
  test.each(cases)("%s", (_name, reply, reason, detail) => {
    const outcome = classifyInstant(reply);
    expect(outcome).toMatchObject({ ok: false, reason });
    expect("detail" in outcome && outcome.detail).toMatch(detail);
  });

  test("a range answered with anything but a matrix is garbage", () => {
    expect(classifyRange(success("vector", one))).toMatchObject({ ok: false, reason: "query-failed" });
  });

  test("what is quoted is one line, cut after 200 characters and not before", () => {
    const said = (body: string) => {
      const outcome = classifyInstant(text(500, body, ""));
      return "detail" in outcome ? outcome.detail : "";
    };
    expect(said(" storage \n\t is gone\n")).toBe('HTTP 500 "storage is gone"');
    expect(said("x".repeat(200))).toBe(`HTTP 500 "${"x".repeat(200)}"`);
    expect(said("x".repeat(201))).toBe(`HTTP 500 "${"x".repeat(200)}…"`);
  });

  test("long bodies are cut", () => {
    const outcome = classifyInstant(text(500, "x".repeat(10_000)));
    expect("detail" in outcome && outcome.detail.length).toBeLessThan(300);
  });
});

test("any bytes with any status have a meaning", () => {
  const shaped = fc
    .json()
    .map((value) => `{"status":"success","data":{"resultType":"vector","result":${value}}}`);
  const garbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("utf8"));
  const body = fc.oneof(garbage, fc.json(), shaped, fc.string());
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 599 }), fc.string(), body, (status, contentType, body) => {
      const reply = { status, contentType, body };
      const outcomes = [classifyInstant(reply), classifyRange(reply)];
      const isSound = outcomes.every((outcome) => (outcome.ok ? status < 300 : outcome.detail !== ""));
      expect(isSound).toBe(true);
    }),
    { numRuns: 500 },
  );
});
