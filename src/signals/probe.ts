import { lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { Client } from "undici";
import type { ProbeSpec } from "../rules/policy.ts";
import { describeFailure, type NetworkFailure } from "./network-failure.ts";
import { readBounded } from "./read-bounded.ts";
import { watchStall } from "./stall.ts";
import { withinTime } from "./within-time.ts";

/** `at`: when it was known, epoch ms. `fault`: whose trouble it was; only the target's counts against the target. */
export type ProbeResult =
  | { readonly at: number; readonly ok: true; readonly detail: string }
  | { readonly at: number; readonly ok: false; readonly fault: "target" | "prober"; readonly detail: string };

export type Probe = (spec: ProbeSpec, signal?: AbortSignal) => Promise<ProbeResult>;

/** More of a health page than this is not waited for: the status has already answered. */
const BODY_LIMIT_BYTES = 64 * 1024;

/** Failures to ask at all: of this machine, its resolver, or an address that nothing could ever answer. */
const OWN_TROUBLE = new Set([
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "ENOBUFS",
  "EADDRNOTAVAIL",
  "ENETDOWN",
  "ENETUNREACH",
  "EAI_AGAIN",
  "AbortError",
  "ERR_INVALID_URL",
  "UND_ERR_INVALID_ARG",
]);

/**
 * GETs a health address once. Passes on 2xx with its body within the timeout; a redirect is a failure, since
 * where it leads (a login page, say) proves nothing about this address. Never throws.
 */
export function createProbe(now: () => number, lookup: LookupFunction = systemLookup): Probe {
  return async (spec, signal) => {
    const { timeoutMs } = spec;
    const endWatch = watchStall(Math.min(100, timeoutMs / 4));
    const started = performance.now();
    const seen = await get(spec, lookup, signal);
    const stalled = endWatch() > timeoutMs / 2;
    if (typeof seen !== "number") return blame(now(), seen, stalled);
    return judge(now(), seen, `HTTP ${seen} in ${Math.round(performance.now() - started)} ms`);
  };
}

function judge(at: number, status: number, detail: string): ProbeResult {
  if (status >= 200 && status < 300) return { at, ok: true, detail };
  const hint = status < 400 ? " (a redirect is not followed; probe the address it leads to)" : "";
  return { at, ok: false, fault: "target", detail: detail + hint };
}

/** An answer that did not come while nobody was there to take it accuses nobody; a refusal is an answer. */
function blame(at: number, { code, message }: NetworkFailure, stalled: boolean): ProbeResult {
  if (stalled && code !== "ECONNREFUSED")
    return { at, ok: false, fault: "prober", detail: `${message}, but this process was paused` };
  return { at, ok: false, fault: OWN_TROUBLE.has(code) ? "prober" : "target", detail: message };
}

/** The status, or why there is none. */
async function get(
  spec: ProbeSpec,
  lookup: LookupFunction,
  signal: AbortSignal | undefined,
): Promise<number | NetworkFailure> {
  let resolving = false;
  const watchedLookup: LookupFunction = (host, options, done) => {
    resolving = true;
    lookup(host, options, (...answer) => {
      resolving = false;
      done(...answer);
    });
  };
  try {
    return await withinTime(spec.timeoutMs, (ending) => exchange(spec, watchedLookup, ending), signal);
  } catch (error) {
    // A resolver that is down answers nothing for longer than most probes wait, long before it is an EAI_AGAIN.
    const failure = describeFailure(error, spec.timeoutMs);
    return resolving ? { code: "EAI_AGAIN", message: `name not resolved, ${failure.message}` } : failure;
  }
}

/** On a connection of its own: one that was open before may outlive what it is meant to prove. */
async function exchange(
  { url, timeoutMs }: ProbeSpec,
  lookup: LookupFunction,
  signal: AbortSignal,
): Promise<number> {
  const { origin, pathname, search } = new URL(url);
  const client = new Client(origin, { connect: { timeout: timeoutMs, lookup } });
  try {
    const { statusCode, body } = await client.request({
      method: "GET",
      path: pathname + search,
      headers: { "user-agent": "rollbackd", accept: "*/*" },
      reset: true,
      signal,
    });
    await readBounded(body, BODY_LIMIT_BYTES);
    return statusCode;
  } finally {
    await client.destroy();
  }
}
