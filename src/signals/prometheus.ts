import { Agent, type Dispatcher } from "undici";
import { classifyInstant, classifyRange, type Outcome, type Reply } from "./classify.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import { createFailOver } from "./fail-over.ts";
import { createLimit, type Limit } from "./limit.ts";
import { postForm } from "./post-form.ts";
import type { InstantQuery, InstantSeries, RangeQuery, RangeSeries } from "./query.ts";
import { chunks, joinChunks } from "./range-chunks.ts";
import type { UnknownReason } from "./sample.ts";

/** One exchange with one endpoint; `endpoint` is shown without credentials. */
export interface QueryEvent {
  readonly endpoint: string;
  readonly seconds: number;
  readonly outcome: "ok" | UnknownReason;
}

export interface PrometheusOptions {
  /** Base addresses, most preferred first; a path prefix and `user:password@` are fine. */
  readonly urls: readonly [string, ...string[]];
  /** For one exchange as a whole; the server is told to give up then, too. Default 10 s. */
  readonly timeoutMs?: number;
  /** Exchanges at the same time per endpoint; more wait for their turn. Default 8. */
  readonly concurrency?: number;
  /** How connections are made (TLS, proxies); it is the caller's to close. */
  readonly dispatcher?: Dispatcher;
  /** Headers for every request, asked for anew each time so that secrets may change under way. */
  readonly headers?: () => Readonly<Record<string, string>>;
  readonly observe?: (event: QueryEvent) => void;
}

export interface Prometheus {
  readonly instant: InstantQuery;
  /** Of any length: what is too long for one request is asked in pieces, all of the same endpoint. */
  readonly range: RangeQuery;
  /** Ends what is under way; its answers say `unreachable`. */
  readonly close: () => Promise<void>;
}

/**
 * Queries over HTTP. One endpoint is used until it fails (no connection, no usable answer); then the next one
 * that answers is, so that replicas that disagree do not take turns. Which one it was is in the answer.
 * Throws a TypeError for an address that can never work.
 */
export function createPrometheus(options: PrometheusOptions): Prometheus {
  const { concurrency = 8, timeoutMs = 10_000 } = options;
  const dispatcher = options.dispatcher ?? new Agent({ connect: { timeout: timeoutMs } });
  const clients = options.urls.map((url) => {
    const endpoint = parseEndpoint(url);
    const send = createSend({ ...options, endpoint, timeoutMs, dispatcher, limit: createLimit(concurrency) });
    return { endpoint: endpoint.base, via: send };
  });
  const ask = createFailOver(clients);
  return {
    instant: (expr, at) => ask((send) => askInstant(send, expr, at)),
    range: (expr, grid) => ask((send) => askRange(send, expr, grid)),
    close: async () => {
      if (options.dispatcher === undefined) await dispatcher.destroy();
    },
  };
}

type Send = <Series>(
  path: string,
  form: Readonly<Record<string, string>>,
  classify: (reply: Reply) => Outcome<Series>,
) => Promise<Outcome<Series>>;

function askInstant(send: Send, expr: string, at: number): Promise<Outcome<InstantSeries>> {
  return send("/api/v1/query", { query: expr, time: seconds(at) }, classifyInstant);
}

async function askRange(
  send: Send,
  expr: string,
  grid: Parameters<RangeQuery>[1],
): Promise<Outcome<RangeSeries>> {
  const answers: (readonly RangeSeries[])[] = [];
  for (const { from, to, stepMs } of chunks(grid)) {
    const form = { query: expr, start: seconds(from), end: seconds(to), step: seconds(stepMs) };
    const outcome = await send("/api/v1/query_range", form, classifyRange);
    if (!outcome.ok) return outcome;
    answers.push(outcome.series);
  }
  return { ok: true, series: joinChunks(answers) };
}

interface SendOptions extends Pick<PrometheusOptions, "headers" | "observe"> {
  readonly endpoint: Endpoint;
  readonly timeoutMs: number;
  readonly dispatcher: Dispatcher;
  readonly limit: Limit;
}

function createSend({ endpoint, timeoutMs, dispatcher, limit, headers, observe }: SendOptions): Send {
  const { base, authorization } = endpoint;
  return (path, form, classify) =>
    limit(async () => {
      const started = performance.now();
      const reply = await postForm({
        url: base + path,
        form: { ...form, timeout: `${timeoutMs}ms` },
        headers: () => ({ ...(authorization && { authorization }), ...headers?.() }),
        timeoutMs,
        dispatcher,
      });
      const outcome = "status" in reply ? classify(reply) : reply;
      const passed = (performance.now() - started) / 1000;
      observe?.({ endpoint: base, seconds: passed, outcome: outcome.ok ? "ok" : outcome.reason });
      return outcome;
    });
}

/** Epoch ms or a span of ms, as Prometheus reads it; three decimals keep the instant exact. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
