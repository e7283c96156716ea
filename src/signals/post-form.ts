import { type Dispatcher, request } from "undici";
import type { Failure, Reply } from "./classify.ts";
import { describeFailure } from "./network-failure.ts";
import { readBounded } from "./read-bounded.ts";
import { withinTime } from "./within-time.ts";

export interface Post {
  readonly url: string;
  readonly form: Readonly<Record<string, string>>;
  /** Asked for each time; one that cannot be made (a token file is gone) fails the request. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** For the whole exchange, from connecting to the last byte. */
  readonly timeoutMs: number;
  readonly dispatcher: Dispatcher;
}

/** An answer larger than this is a mistake of the query, and would cost the memory of everything else. */
const LIMIT_MIB = 32;

/** Sends a form. Never throws: no reply is a failure with its reason. */
export async function postForm(post: Post): Promise<Reply | Failure> {
  try {
    return await withinTime(post.timeoutMs, (signal) => exchange(post, signal));
  } catch (error) {
    return { ok: false, reason: "unreachable", detail: describeFailure(error, post.timeoutMs).message };
  }
}

async function exchange(post: Post, signal: AbortSignal): Promise<Reply | Failure> {
  const { statusCode, headers, body } = await request(post.url, {
    method: "POST",
    body: new URLSearchParams(post.form).toString(),
    headers: {
      "user-agent": "rollbackd",
      accept: "application/json",
      ...post.headers(),
      "content-type": "application/x-www-form-urlencoded",
    },
    signal,
    dispatcher: post.dispatcher,
  });
  const read = await readBounded(body, LIMIT_MIB * 1024 * 1024);
  if (!read.complete) {
    const detail = `HTTP ${statusCode} with more than ${LIMIT_MIB} MiB; aggregate more in the expression`;
    return { ok: false, reason: "query-failed", detail };
  }
  const type = headers["content-type"];
  return { status: statusCode, contentType: typeof type === "string" ? type : "", body: read.text };
}
