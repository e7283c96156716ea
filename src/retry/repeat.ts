import { ExponentialBackoff } from "cockatiel";
import { pause as pauseFor } from "./pause.ts";

/** Pauses between tries in ms: they grow from about `initialDelay` to `maxDelay`, with jitter. */
export interface Backoff {
  readonly initialDelay: number;
  readonly maxDelay: number;
}

/** What one try came to. */
export type Try<Result> =
  | { readonly kind: "done"; readonly result: Result }
  /** `notBeforeMs`: what the other side asked to wait, in ms from now. */
  | { readonly kind: "again"; readonly notBeforeMs?: number }
  /** Nothing was tried: look again after `pauseMs`; the pauses between tries do not grow by it. */
  | { readonly kind: "wait"; readonly pauseMs: number };

export type Repeated<Result> =
  | { readonly kind: "done"; readonly result: Result }
  /** No try that could still be made lies before the deadline. */
  | { readonly kind: "over" }
  /** `signal` was aborted. */
  | { readonly kind: "stopped" };

export interface RepeatOptions {
  readonly backoff: Backoff;
  /** Epoch ms; at least one try is made. */
  readonly deadlineAt: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Waits so many ms, or until `signal` aborts. Default: a timer. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Tries again until something comes of it or the deadline is reached. A pause is never longer than the time that is
 * left, so the last try is made at the deadline; a request to come back after the deadline ends the tries at once.
 */
export async function repeat<Result>(
  once: () => Promise<Try<Result>>,
  { backoff, deadlineAt, now, signal, pause = pauseFor }: RepeatOptions,
): Promise<Repeated<Result>> {
  let delay = new ExponentialBackoff(backoff).next();
  while (!signal.aborted) {
    const tried = await once();
    if (tried.kind === "done") return tried;
    const leftMs = deadlineAt - now();
    const notBeforeMs = tried.kind === "again" ? (tried.notBeforeMs ?? 0) : 0;
    if (leftMs <= 0 || notBeforeMs > leftMs) return { kind: "over" };
    const wantedMs = tried.kind === "wait" ? tried.pauseMs : Math.max(spread(delay.duration), notBeforeMs);
    if (tried.kind === "again") delay = delay.next(undefined);
    await pause(Math.min(wantedMs, leftMs), signal);
  }
  return { kind: "stopped" };
}

/** The longest pause of a backoff has no jitter of its own: those who failed together must not come back together. */
function spread(ms: number): number {
  return ms * (0.75 + Math.random() / 4);
}
