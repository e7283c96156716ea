import type { Dispatcher } from "undici";
import type { Failure, Outcome, Reply } from "./classify.ts";
import type { Endpoint } from "./endpoint.ts";
import { createLimit } from "./limit.ts";
import type { UnknownReason } from "./sample.ts";
import { type FormMethod, type FormRequest, sendForm } from "./send-form.ts";

/** One exchange with one endpoint; `endpoint` is shown without credentials. */
export interface QueryEvent {
  readonly endpoint: string;
  readonly seconds: number;
  readonly outcome: "ok" | UnknownReason;
}

export interface SenderOptions {
  readonly endpoint: Endpoint;
  /** From the moment of asking to the last byte, waiting for a turn included. */
  readonly timeoutMs: number;
  /** Exchanges at the same time. */
  readonly concurrency: number;
  readonly dispatcher: () => Dispatcher;
  readonly headers: (() => Readonly<Record<string, string>>) | undefined;
  readonly observe: ((event: QueryEvent) => void) | undefined;
}

/** Asks one endpoint one thing. Never throws. */
export type SendQuery = <Series>(
  path: string,
  form: Readonly<Record<string, string>>,
  classify: (reply: Reply) => Outcome<Series>,
) => Promise<Outcome<Series>>;

/**
 * Sends queries to one endpoint, so many at a time. A server that hangs holds nobody up for longer than the timeout:
 * a query that gets no turn in that time has failed, too.
 */
export function createQuerySender(options: SenderOptions): SendQuery {
  const { timeoutMs } = options;
  const { base, authorization } = options.endpoint;
  const limit = createLimit(options.concurrency);
  const send = createMethodFallback();
  return async (path, form, classify) => {
    const asked = performance.now();
    const exchange = async () => {
      const begun = performance.now();
      const leftMs = Math.max(1, Math.round(timeoutMs - (begun - asked)));
      const reply = await send({
        url: base + path,
        // The server is told to give up, too. What VictoriaMetrics holds back (the last 30 s, in whose place it
        // gives older values) is wanted: what comes late has `queryOffset`. Others ignore that field.
        form: { ...form, timeout: `${leftMs}ms`, latency_offset: "1ms" },
        headers: () => ({ ...(authorization && { authorization }), ...options.headers?.() }),
        timeoutMs: leftMs,
        dispatcher: options.dispatcher,
      });
      const outcome = "status" in reply ? classify(reply) : reply;
      const seconds = (performance.now() - begun) / 1000;
      options.observe?.({ endpoint: base, seconds, outcome: outcome.ok ? "ok" : outcome.reason });
      return outcome;
    };
    try {
      return await limit(exchange, AbortSignal.timeout(timeoutMs));
    } catch {
      options.observe?.({ endpoint: base, seconds: timeoutMs / 1000, outcome: "unreachable" });
      return noTurn(options);
    }
  };
}

function noTurn({ timeoutMs, concurrency }: SenderOptions): Failure {
  const detail = `no turn within ${timeoutMs / 1000}s: ${concurrency} earlier queries were still unanswered`;
  return { ok: false, reason: "unreachable", detail };
}

/** Of a server, or of what stands before it, that knows queries by another method only. */
const REFUSES_METHOD: ReadonlySet<number> = new Set([405, 501]);

/** POST, because queries get long; GET where only that is let through, remembered from the first refusal on. */
function createMethodFallback() {
  let method: FormMethod = "POST";
  const isRefused = (reply: Reply | Failure): boolean =>
    "status" in reply && REFUSES_METHOD.has(reply.status);
  return async (form: Omit<FormRequest, "method">): Promise<Reply | Failure> => {
    const reply = await sendForm({ ...form, method });
    if (!isRefused(reply)) return reply;
    const other = method === "POST" ? "GET" : "POST";
    const second = await sendForm({ ...form, method: other });
    if ("status" in second && !isRefused(second)) method = other;
    return second;
  };
}
