import type { ProbeExpectation } from "../rules/policy.ts";

/** What a health address answered. */
export interface ProbeReply {
  readonly status: number;
  /** Where a redirect leads, as the server wrote it. */
  readonly location: string | undefined;
  /** Its beginning; `complete` says whether that is all of it. */
  readonly body: { readonly text: string; readonly complete: boolean };
}

const ANY_2XX: ProbeExpectation = { statuses: [{ from: 200, to: 299 }], body: undefined };

/** Why an answer is not what was expected, as the end of a sentence that names the status; undefined when it is. */
export function mismatch(reply: ProbeReply, expect: ProbeExpectation = ANY_2XX): string | undefined {
  const { status, body } = reply;
  if (!expect.statuses.some(({ from, to }) => status >= from && status <= to)) {
    const wanted = expect === ANY_2XX ? "" : `, expected ${expect.statuses.map(describe).join(" or ")}`;
    return `${wanted}${redirect(reply)}`;
  }
  if (expect.body === undefined || body.text.includes(expect.body)) return undefined;
  const where = body.complete ? "its body" : `the first ${Buffer.byteLength(body.text)} bytes of its body`;
  return `, but ${where} has no "${expect.body}"${body.text.trim() === "" ? " (it is empty)" : `: "${shorten(body.text)}"`}`;
}

/**
 * A redirect that was not followed, such as to another host, proves nothing about this address: it may lead to a
 * login page, and kubelet would take it for healthy.
 */
export function isUndecided({ status }: ProbeReply): boolean {
  return status >= 300 && status < 400;
}

function redirect(reply: ProbeReply): string {
  if (!isUndecided(reply)) return "";
  const to = reply.location === undefined ? "" : ` to ${withoutQuery(reply.location)}`;
  return ` (a redirect${to} is not followed; probe the address it leads to)`;
}

/** What stands behind `?` may be a ticket for a login. */
function withoutQuery(location: string): string {
  return shorten(location.replace(/[?#].*$/su, "").replace(/\/\/[^/@]*@/u, "//"));
}

function describe({ from, to }: ProbeExpectation["statuses"][number]): string {
  return from === to ? String(from) : `${Math.floor(from / 100)}xx`;
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/gu, " ").trim();
  return line.length > 100 ? `${line.slice(0, 100)}…` : line;
}
