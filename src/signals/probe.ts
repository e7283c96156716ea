import { lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import type { ProbeSpec } from "../rules/policy.ts";
import { describeFailure, type NetworkFailure, UNTRUSTED } from "./network-failure.ts";
import { exchange } from "./exchange.ts";
import { isUndecided, mismatch, type ProbeReply } from "./probe-verdict.ts";
import { watchStall } from "./stall.ts";
import { withinTime } from "./within-time.ts";

/** `at`: when it was known, epoch ms. `fault`: whose trouble it was; only the target's counts against the target. */
export type ProbeResult =
  | { readonly at: number; readonly ok: true; readonly detail: string }
  | { readonly at: number; readonly ok: false; readonly fault: "target" | "prober"; readonly detail: string };

export type Probe = (spec: ProbeSpec, signal?: AbortSignal) => Promise<ProbeResult>;

/** As many as kubelet follows. */
const MAX_REDIRECTS = 10;

/** Failures to ask or to read: of this machine, its resolver, its trust, its parser, or an address that nothing could answer. */
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
  "TRUST",
  "UNREADABLE",
  ...UNTRUSTED,
]);

/**
 * GETs a health address once, redirects to the same host included. Passes when the answer is there within the timeout,
 * body and all, and is what the spec expects, by default any 2xx. Never throws.
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
    const fault = spec.expect === undefined && isUndecided(seen) ? "prober" : "target";
    return { at: now(), ok: false, fault, detail: detail + wrong };
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
    return await withinTime(spec.timeoutMs, (ending) => follow(spec, watchedLookup, ending), signal);
  } catch (error) {
    // A resolver that is down answers nothing for longer than most probes wait, long before it is an EAI_AGAIN.
    const failure = describeFailure(error, spec.timeoutMs);
    return resolving ? { code: "EAI_AGAIN", message: `name not resolved, ${failure.message}` } : failure;
  }
}

/** As kubelet: a redirect to the same host is followed, unless the rule says what the address itself must answer. */
async function follow(spec: ProbeSpec, lookup: LookupFunction, signal: AbortSignal): Promise<ProbeReply> {
  let url = addressOf(spec.url);
  for (let redirects = 0; ; redirects += 1) {
    const reply = await exchange(url, spec, lookup, signal);
    const next = spec.expect === undefined ? redirectOf(reply, url) : undefined;
    if (next?.hostname !== url.hostname) return reply;
    if (redirects === MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
    url = next;
  }
}

function addressOf(written: string): URL {
  const url = new URL(written);
  if (url.protocol === "http:" || url.protocol === "https:") return url;
  throw Object.assign(new Error(`${url.protocol} is not probed`), { code: "ERR_INVALID_URL" });
}

function redirectOf({ status, location }: ProbeReply, from: URL): URL | undefined {
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  return to?.protocol === "http:" || to?.protocol === "https:" ? to : undefined;
}
