import { EnvHttpProxyAgent, type Dispatcher, request } from "undici";
import { retryAfterMs } from "../retry/retry-after.ts";
import type { Delivery, Undelivered } from "./channel.ts";

/** An attempt that takes longer has failed. */
export const ATTEMPT_TIMEOUT_MS = 10_000;
const MAX_ERROR = 300;

/** Connections for what is told to people: through HTTPS_PROXY or HTTP_PROXY but for NO_PROXY, where those are set. */
export function outboundDispatcher(): Dispatcher {
  return new EnvHttpProxyAgent();
}

/** An answer of 200 to 299, or how the attempt failed. */
export type Answer =
  | { readonly kind: "success"; readonly status: number; readonly text: string }
  | Undelivered;

interface Call {
  readonly method: "GET" | "POST" | "PATCH";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Calls that are bounded in time, follow no redirect and never throw. `who` begins what is said of them. */
export function createClient(
  who: string,
  options: { readonly now?: () => number; readonly timeoutMs?: number },
): (call: Call) => Promise<Answer> {
  const dispatcher = outboundDispatcher();
  const { now = Date.now, timeoutMs = ATTEMPT_TIMEOUT_MS } = options;
  return async ({ method, url, headers, body }) => {
    try {
      const answer = await request(url, {
        method,
        headers,
        body: body ?? null,
        dispatcher,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await answer.body.text();
      const { statusCode: status } = answer;
      if (status >= 200 && status < 300) return { kind: "success", status, text };
      const header = answer.headers["retry-after"];
      return classifyStatus(
        who,
        status,
        text,
        retryAfterMs(Array.isArray(header) ? header[0] : header, now()),
      );
    } catch (error) {
      return classifyThrown(who, error);
    }
  };
}

/** A success that is none: the answer comes from somebody else than who was asked, and may be right next time. */
export function failed(
  who: string,
  { status, text }: { readonly status: number; readonly text: string },
  what: string,
): Delivery {
  return { kind: "retry", error: `${who} answered ${status}, but ${what}: ${shortened(text)}` };
}

const shortened = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, MAX_ERROR);

/** What an answer other than success means. */
export function classifyStatus(
  who: string,
  status: number,
  body: string,
  notBeforeMs: number | undefined,
): Undelivered {
  const error = `${who} answered ${status}${body === "" ? "" : `: ${shortened(body)}`}`;
  // 420 is how Statuspage used to say 429.
  return status === 429 || status === 420 || status >= 500 || status === 408
    ? { kind: "retry", error, ...(notBeforeMs === undefined ? {} : { notBeforeMs }) }
    : { kind: "permanent", error };
}

/**
 * Why there was no answer. Made of codes and names only: messages of clients quote the address, and the address
 * of a webhook is its password.
 */
export function classifyThrown(who: string, thrown: unknown): Undelivered {
  return { kind: "retry", error: `${who} gave no answer: ${reasonOf(thrown)}` };
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) {
    return "unknown error";
  }
  if (thrown.name === "TimeoutError") {
    return "it took too long";
  }
  if (thrown.cause instanceof Error) {
    return reasonOf(thrown.cause);
  }
  const refusedBy = /^Proxy response \((\d{3})\)/.exec(thrown.message);
  if (refusedBy !== null) {
    return `the proxy answered ${refusedBy[1]}`;
  }
  return "code" in thrown && typeof thrown.code === "string" ? thrown.code : thrown.name;
}

/** Takes secrets out of a text that somebody else wrote: proxies like to quote the address that they could not reach. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== "")
    .reduce((left, secret) => left.replaceAll(secret, "[secret]"), text);
}

/** The secret, or why this attempt ends: it comes from a file that may be mounted or filled later. */
export function readSecret(what: string, read: () => string): string | Delivery {
  try {
    const secret = read();
    return secret === "" ? { kind: "retry", error: `${what} is not set` } : secret;
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return { kind: "retry", error: `${what} cannot be read: ${reason}` };
  }
}
