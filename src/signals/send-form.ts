import { type Dispatcher, request } from "undici";
import type { Failure, Reply } from "./classify.ts";
import { describeFailure, isBroken } from "./network-failure.ts";
import { readBounded } from "./read-bounded.ts";
import { withinTime } from "./within-time.ts";

export type FormMethod = "POST" | "GET";

export interface FormRequest {
  /** As a body, or behind the address. */
  readonly method: FormMethod;
  readonly url: string;
  readonly form: Readonly<Record<string, string>>;
  /** Asked for each time; one that cannot be made (a token file is gone) fails the request. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** For the whole exchange, from connecting to the last byte. */
  readonly timeoutMs: number;
  readonly dispatcher: () => Dispatcher;
}

/** An answer larger than this is a mistake of the query, and would cost the memory of everything else. */
const LIMIT_MIB = 32;

/**
 * Sends a form, a query that changes nothing. Never throws: no reply is a failure with its reason. A connection
 * that breaks is tried once more within the same time: the server may just have closed one that was idle.
 */
export async function sendForm(form: FormRequest): Promise<Reply | Failure> {
  try {
    return await withinTime(form.timeoutMs, async (signal) => {
      try {
        return await exchange(form, signal);
      } catch (error) {
        if (!isBroken(error)) throw error;
        return await exchange(form, signal);
      }
    });
  } catch (error) {
    return { ok: false, reason: "unreachable", detail: describeFailure(error, form.timeoutMs).message };
  }
}

async function exchange(form: FormRequest, signal: AbortSignal): Promise<Reply | Failure> {
  const { method } = form;
  const fields = new URLSearchParams(form.form).toString();
  const { statusCode, headers, body } = await request(method === "GET" ? `${form.url}?${fields}` : form.url, {
    method,
    headers: {
      "user-agent": "rollbackd",
      accept: "application/json",
      ...form.headers(),
      ...(method === "POST" && { "content-type": "application/x-www-form-urlencoded" }),
    },
    ...(method === "POST" && { body: fields }),
    signal,
    dispatcher: form.dispatcher(),
  });
  const read = await readBounded(body, LIMIT_MIB * 1024 * 1024);
  if (!read.complete) {
    const detail = `HTTP ${statusCode} with more than ${LIMIT_MIB} MiB; aggregate more in the expression`;
    return { ok: false, reason: "query-failed", detail };
  }
  const type = headers["content-type"];
  return { status: statusCode, contentType: typeof type === "string" ? type : "", body: read.text };
}
