import { ended, firstOf, OPEN, opensAt, taken, type Pace } from "./pace.ts";
import { pause } from "../retry/pause.ts";

/** How an attempt ended for those that wait: whether the channel asked to be left alone, and for how long. */
type Done = (notBeforeMs?: number) => void;

export interface Turns {
  /** Resolves when it is this one's turn, with what is to be called after it; with undefined when the daemon ends. */
  readonly take: (rank: () => number) => Promise<Done | undefined>;
  /** How much longer nobody may be told anything. */
  readonly closedForMs: () => number;
}

interface Waiting {
  readonly rank: () => number;
  readonly go: (done: Done | undefined) => void;
}

/**
 * The turns of one channel, by its pace. On the monotonic clock: a corrected wall clock does not make "in 30 seconds"
 * come sooner.
 */
export function createTurns(pace: Pace, signal: AbortSignal): Turns {
  const waiting: Waiting[] = [];
  let turnstile = OPEN;
  let isAsleep = false;

  const done: Done = (notBeforeMs) => {
    turnstile = ended(turnstile, performance.now(), notBeforeMs);
    step();
  };

  function step(): void {
    if (signal.aborted) {
      waiting.splice(0).forEach(({ go }) => go(undefined));
      return;
    }
    const first = firstOf(waiting);
    const at = opensAt(turnstile, pace);
    if (first === undefined || at === undefined) return;
    const now = performance.now();
    if (at > now) {
      void sleep(at - now);
      return;
    }
    turnstile = taken(turnstile, pace, now);
    waiting.splice(waiting.indexOf(first), 1);
    first.go(done);
    step();
  }

  async function sleep(ms: number): Promise<void> {
    if (isAsleep) return;
    isAsleep = true;
    await pause(ms, signal);
    isAsleep = false;
    step();
  }

  signal.addEventListener("abort", step);
  return {
    take: (rank) =>
      new Promise((go) => {
        waiting.push({ rank, go });
        step();
      }),
    closedForMs: () => Math.max(0, turnstile.closedUntil - performance.now()),
  };
}
