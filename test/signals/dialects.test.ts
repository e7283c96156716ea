import { describe, expect, test } from "vitest";
import { classifyInstant, classifyRange, type Reply } from "../../src/signals/classify.ts";
import type { UnknownReason } from "../../src/signals/sample.ts";

/*
 * Servers that speak Prometheus's API, each in its own way. The answers are in the shapes that their documentation
 * and sources give them.
 */

const ONE = { resultType: "vector", result: [{ metric: { app: "a" }, value: [1_700_000_000, "0.25"] }] };
const NONE = { resultType: "vector", result: [] };

const json = (status: number, document: object): Reply => ({
  status,
  contentType: "application/json",
  body: JSON.stringify(document),
});
const plain = (status: number, body: string): Reply => ({
  status,
  contentType: "text/plain; charset=utf-8",
  body,
});
const error = (status: number, errorType: string, message: string): Reply =>
  json(status, { status: "error", errorType, error: message });

type Case = readonly [what: string, reply: Reply, reason: UnknownReason | "ok", detail: RegExp];

const ANY = /^/;

function seen(reply: Reply) {
  const outcome = classifyInstant(reply);
  return outcome.ok ? { reason: "ok", detail: "" } : outcome;
}

describe("trap 13: Thanos", () => {
  test.each<Case>([
    ["a whole answer", json(200, { status: "success", data: { ...ONE, explanation: null } }), "ok", ANY],
    [
      "a store that did not answer, which leaves the rest as a success",
      json(200, {
        status: "success",
        data: ONE,
        warnings: [
          'receive series from Addr: 10.0.0.7:10901 LabelSets: {replica="a"} MinTime: 1 MaxTime: 2: rpc error: code = Unavailable desc = connection refused',
        ],
      }),
      "partial-response",
      /^receive series from Addr: 10\.0\.0\.7:10901/,
    ],
    [
      "no store at all, which would look like no data",
      json(200, { status: "success", data: NONE, warnings: ["No StoreAPIs matched for this query"] }),
      "partial-response",
      /No StoreAPIs/,
    ],
    [
      "a store that did not answer, where partial answers are switched off",
      error(
        422,
        "execution",
        'expanding series: proxy Series(): rpc error: code = Aborted desc = fetch series for {cluster="b"}: rpc error: code = Unavailable desc = transport is closing',
      ),
      "query-failed",
      /HTTP 422, execution: expanding series/,
    ],
    [
      "a query that took too long",
      error(503, "timeout", "query timed out in expression evaluation"),
      "query-failed",
      ANY,
    ],
    [
      "a remark on style",
      json(200, {
        status: "success",
        data: ONE,
        warnings: ['PromQL info: metric might not be a counter: "a"'],
      }),
      "ok",
      ANY,
    ],
  ])("%s", (_what, reply, reason, detail) => {
    expect(seen(reply)).toMatchObject({ reason, detail: expect.stringMatching(detail) });
  });
});

describe("trap 13: Mimir", () => {
  test.each<Case>([
    [
      "a remark on style",
      json(200, { status: "success", data: ONE, infos: ["PromQL info: metric might not be a counter"] }),
      "ok",
      ANY,
    ],
    ["no tenant", plain(401, "no org id\n"), "query-failed", /_TENANT/],
    [
      "more chunks than the tenant may read",
      error(
        422,
        "execution",
        "the query exceeded the maximum number of chunks (limit: 2 chunks) (err-mimir-max-chunks-per-query). Consider reducing the time range.",
      ),
      "query-rejected",
      /err-mimir-max-chunks-per-query.*change the expression/,
    ],
    [
      "more series than the tenant may read",
      error(
        422,
        "execution",
        "the query exceeded the maximum number of series (limit: 1 series) (err-mimir-max-series-per-query)",
      ),
      "query-rejected",
      ANY,
    ],
    [
      "a range longer than the tenant may ask for",
      error(
        422,
        "execution",
        "the query time range exceeds the limit (query length: 800h0m0s, limit: 721h0m0s) (err-mimir-max-query-length)",
      ),
      "query-rejected",
      ANY,
    ],
    [
      "an answer larger than the parts of it may pass on",
      error(413, "too_large_entry", "received message larger than max (120000000 vs. 104857600)"),
      "query-rejected",
      ANY,
    ],
    [
      "too many at once",
      error(429, "too_many_requests", "too many outstanding requests"),
      "query-failed",
      ANY,
    ],
    [
      "an ingester that is gone",
      error(500, "internal", "at least 2 live replicas required"),
      "query-failed",
      ANY,
    ],
    ["a question that was given up", error(499, "canceled", "context canceled"), "query-failed", ANY],
  ])("%s", (_what, reply, reason, detail) => {
    expect(seen(reply)).toMatchObject({ reason, detail: expect.stringMatching(detail) });
  });
});

describe("trap 13: VictoriaMetrics", () => {
  const stats = { seriesFetched: "1", executionTimeMsec: 2 };
  const executing = (query: string): string =>
    `error when executing query=${JSON.stringify(query)} for (time=1, step=2)`;
  test.each<Case>([
    ["a whole answer", json(200, { status: "success", isPartial: false, data: ONE, stats }), "ok", ANY],
    [
      "a storage node that did not answer",
      json(200, { status: "success", isPartial: true, data: ONE, stats }),
      "partial-response",
      /partial/,
    ],
    [
      "a storage node that did not answer, where partial answers are denied",
      error(503, "503", `${executing("a")}: cannot fetch query results from vmstorage nodes: EOF`),
      "query-failed",
      ANY,
    ],
    [
      "a query that cannot be read, which is 422 here and not 400",
      error(422, "422", `${executing("sum(a")}: argList: unexpected token ""; want ","`),
      "query-rejected",
      /argList/,
    ],
    [
      "a query that took too long",
      error(422, "422", `${executing("a")}: cannot execute query: timeout exceeded while fetching data`),
      "query-failed",
      ANY,
    ],
    [
      "a query that cannot be read and is about timeouts",
      error(422, "422", `${executing('sum(timeouts_total{why="deadline"}')}: argList: unexpected token`),
      "query-rejected",
      ANY,
    ],
    [
      "more series than a query may read",
      error(
        422,
        "422",
        `${executing("a")}: cannot select more than -search.maxUniqueTimeseries=30000 time series`,
      ),
      "query-rejected",
      ANY,
    ],
    [
      "too many at once",
      plain(
        429,
        "couldn't start executing the request in 10.000 seconds, since -search.maxConcurrentRequests=8",
      ),
      "query-failed",
      /429/,
    ],
    [
      "an address without the tenant in its path",
      plain(400, 'unsupported path requested: "/api/v1/query"'),
      "query-failed",
      /check the path of the address/,
    ],
  ])("%s", (_what, reply, reason, detail) => {
    expect(seen(reply)).toMatchObject({ reason, detail: expect.stringMatching(detail) });
  });

  test("a number alone is a series without labels, which is what Prometheus calls a scalar", () => {
    const data = { resultType: "vector", result: [{ metric: {}, value: [1_700_000_000, "7"] }] };
    const reply = json(200, { status: "success", isPartial: false, data });
    expect(classifyInstant(reply)).toMatchObject({ series: [{ labels: {}, value: 7 }] });
  });

  test("a range without series", () => {
    const data = { resultType: "matrix", result: [] };
    const reply = json(200, { status: "success", isPartial: false, data, stats });
    expect(classifyRange(reply)).toEqual({ ok: true, series: [] });
  });
});
