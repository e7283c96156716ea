import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What a query was, as the server understood it. Instants are epoch ms. */
interface Asked {
  readonly method: string;
  readonly kind: "instant" | "range";
  readonly expr: string;
  readonly form: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

export interface FakePrometheus {
  readonly url: string;
  /** Every query so far. */
  readonly asked: readonly Asked[];
  /** To every query from now on; undefined: values again. */
  readonly answer: (reply: Reply | undefined) => void;
  readonly close: () => void;
}

/**
 * Answers /api/v1/query and /api/v1/query_range, by POST or GET, as Prometheus does for one series whose value at
 * each instant is `valueAt(expr, at)`, absent where that is undefined. `time()` is `now`, at `now` unless a time is given.
 */
export async function startFakePrometheus(
  valueAt: (expr: string, at: number) => number | undefined,
  now: () => number = Date.now,
): Promise<FakePrometheus> {
  const asked: Asked[] = [];
  let scripted: Reply | undefined;
  const server = createServer((request, response) => {
    void parametersOf(request).then((parameters) => {
      const expr = parameters.get("query") ?? "";
      const isRange = request.url?.includes("query_range") === true;
      const { method = "", headers } = request;
      asked.push({ method, kind: isRange ? "range" : "instant", expr, form: parameters, headers });
      const { status, body, contentType } = scripted ?? {
        status: 200,
        body: JSON.stringify({
          status: "success",
          data: dataOf({ expr, parameters, isRange, valueAt, now }),
        }),
      };
      response.writeHead(status, { "content-type": contentType ?? "application/json" }).end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: (reply) => {
      scripted = reply;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function parametersOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { searchParams } = new URL(request.url ?? "/", "http://fake");
  return request.method === "GET" ? searchParams : new URLSearchParams(Buffer.concat(chunks).toString());
}

/** Every sample is as new as it can be: the newest of a selector is of the instant that is asked about. */
function measured(expr: string, at: number, valueAt: Question["valueAt"]): number | undefined {
  const selector = /^max\(timestamp\((?<selector>.*)\)\)$/u.exec(expr)?.groups?.selector;
  if (selector === undefined) return valueAt(expr, at);
  return valueAt(selector, at) === undefined ? undefined : at / 1000;
}

interface Question {
  readonly expr: string;
  readonly parameters: URLSearchParams;
  readonly isRange: boolean;
  readonly valueAt: (expr: string, at: number) => number | undefined;
  readonly now: () => number;
}

function dataOf({ expr, parameters, isRange, valueAt, now }: Question): object {
  const ms = (name: string): number => Math.round(Number(parameters.get(name)) * 1000);
  const point = (at: number): readonly [number, string][] => {
    const value = expr === "time()" ? at / 1000 : measured(expr, at, valueAt);
    return value === undefined ? [] : [[at / 1000, String(value)]];
  };
  if (isRange) {
    const values: [number, string][] = [];
    for (let at = ms("start"); at <= ms("end"); at += ms("step")) values.push(...point(at));
    return { resultType: "matrix", result: values.length === 0 ? [] : [{ metric: {}, values }] };
  }
  const [value] = point(parameters.has("time") ? ms("time") : now());
  if (expr === "time()") return { resultType: "scalar", result: value };
  return { resultType: "vector", result: value === undefined ? [] : [{ metric: {}, value }] };
}
