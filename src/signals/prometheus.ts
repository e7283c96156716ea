import { Agent, type Dispatcher } from "undici";
import { classifyInstant, classifyRange, type Outcome } from "./classify.ts";
import { parseEndpoint } from "./endpoint.ts";
import { createFailOver } from "./fail-over.ts";
import { createQuerySender, type QueryEvent, type SendQuery } from "./query-sender.ts";
import type { Answer, InstantQuery, InstantSeries, RangeQuery, RangeSeries } from "./query.ts";
import { chunks, joinChunks } from "./range-chunks.ts";

export interface PrometheusOptions {
  /** Base addresses, most preferred first; a path prefix and `user:password@` are fine. */
  readonly urls: readonly [string, ...string[]];
  /** For one answer as a whole; the server is told to give up then, too. Default 10 s. */
  readonly timeoutMs?: number;
  /** Exchanges at the same time per endpoint; more wait for their turn. Default 8. */
  readonly concurrency?: number;
  /** How connections are made (TLS, proxies), asked for anew each time; it is the caller's to close. */
  readonly dispatcher?: () => Dispatcher;
  /** Headers for every request, asked for anew each time so that secrets may change under way. */
  readonly headers?: () => Readonly<Record<string, string>>;
  readonly observe?: (event: QueryEvent) => void;
}

export interface Prometheus {
  readonly instant: InstantQuery;
  /** Of any length: what is too long for one request is asked in pieces, all of the same endpoint. */
  readonly range: RangeQuery;
  /** What the clock of the server shows: one series whose `at` is its now. Never throws. */
  readonly clock: () => Promise<Answer<InstantSeries>>;
  /** Ends what is under way; its answers say `unreachable`. */
  readonly close: () => Promise<void>;
}

/** How long one answer may take where the options do not say. */
export const QUERY_TIMEOUT_MS = 10_000;

/**
 * Queries over HTTP. One endpoint is used until it fails (no connection, no usable answer); then the next one
 * that answers is, so that replicas that disagree do not take turns. Which one it was is in the answer.
 * Throws a TypeError for an address that can never work.
 */
export function createPrometheus(options: PrometheusOptions): Prometheus {
  const { concurrency = 8, timeoutMs = QUERY_TIMEOUT_MS, headers, observe } = options;
  const own = new Agent({ connect: { timeout: timeoutMs } });
  const dispatcher = options.dispatcher ?? (() => own);
  const clients = options.urls.map((url) => {
    const endpoint = parseEndpoint(url);
    const via = createQuerySender({ endpoint, timeoutMs, concurrency, dispatcher, headers, observe });
    return { endpoint: endpoint.base, via };
  });
  const ask = createFailOver(clients);
  return {
    instant: (expr, at) => ask((send) => askInstant(send, { query: expr, time: seconds(at) })),
    range: (expr, grid) => ask((send) => askRange(send, expr, grid)),
    clock: () => ask((send) => askInstant(send, { query: "time()" })),
    close: () => own.destroy(),
  };
}

function askInstant(
  send: SendQuery,
  form: Readonly<Record<string, string>>,
): Promise<Outcome<InstantSeries>> {
  return send("/api/v1/query", form, classifyInstant);
}

async function askRange(
  send: SendQuery,
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

/** Epoch ms or a span of ms, as Prometheus reads it; three decimals keep the instant exact. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
