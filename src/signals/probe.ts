import { lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { Client } from "undici";
import type { ProbeSpec } from "../rules/policy.ts";
import { describeFailure, type NetworkFailure, UNTRUSTED } from "./network-failure.ts";
import { trustOf } from "./probe-trust.ts";
import { mismatch, type ProbeReply } from "./probe-verdict.ts";
import { readBounded } from "./read-bounded.ts";
import { watchStall } from "./stall.ts";
import { withinTime } from "./within-time.ts";

/** `at`: when it was known, epoch ms. `fault`: whose trouble it was; only the target's counts against the target. */
export type ProbeResult =
  | { readonly at: number; readonly ok: true; readonly detail: string }
  | { readonly at: number; readonly ok: false; readonly fault: "target" | "prober"; readonly detail: string };

export type Probe = (spec: ProbeSpec, signal?: AbortSignal) => Promise<ProbeResult>;

/** More of a health page than this is neither waited for nor searched. */
const BODY_LIMIT_BYTES = 64 * 1024;

/** Failures to ask at all: of this machine, its resolver, its trust, or an address that nothing could ever answer. */
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
  "TRUST",
  ...UNTRUSTED,
]);

/**
 * GETs a health address once. Passes when the answer is there within the timeout, body and all, and is what the
 * spec expects, by default any 2xx. Never throws.
 */
export function createProbe(now: () => number, lookup: LookupFunction = systemLookup): Probe {
  return async (spec, signal) => {
    const { timeoutMs } = spec;
    const endWatch = watchStall(Math.min(100, timeoutMs / 4));
    const started = performance.now();
    const seen = await get(spec, lookup, signal);
    const stalled = endWatch() > timeoutMs / 2;
    if ("code" in seen) return blame(now(), seen, stalled);
    const detail = `HTTP ${seen.status} in ${Math.round(performance.now() - started)} ms`;
    const wrong = mismatch(seen, spec.expect);
    if (wrong === undefined) return { at: now(), ok: true, detail };
    return { at: now(), ok: false, fault: "target", detail: detail + wrong };
  };
}

/** An answer that did not come while nobody was there to take it accuses nobody; a refusal is an answer. */
function blame(at: number, { code, message }: NetworkFailure, stalled: boolean): ProbeResult {
  if (stalled && code !== "ECONNREFUSED")
    return { at, ok: false, fault: "prober", detail: `${message}, but this process was paused` };
  return { at, ok: false, fault: OWN_TROUBLE.has(code) ? "prober" : "target", detail: message };
}

/** The answer, or why there is none. */
async function get(
  spec: ProbeSpec,
  lookup: LookupFunction,
  signal: AbortSignal | undefined,
): Promise<ProbeReply | NetworkFailure> {
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
async function exchange(spec: ProbeSpec, lookup: LookupFunction, signal: AbortSignal): Promise<ProbeReply> {
  const { origin, pathname, search } = new URL(spec.url);
  const client = new Client(origin, { connect: { timeout: spec.timeoutMs, lookup, ...trustOf(spec) } });
  try {
    const { statusCode, headers, body } = await client.request({
      method: "GET",
      path: pathname + search,
      headers: { "user-agent": "rollbackd", accept: "*/*" },
      reset: true,
      signal,
    });
    const location = typeof headers["location"] === "string" ? headers["location"] : undefined;
    return { status: statusCode, location, body: await readBounded(body, BODY_LIMIT_BYTES) };
  } finally {
    await client.destroy();
  }
}
