import type { Prometheus } from "./prometheus.ts";

/** What the clock on Prometheus's machine shows. Its slots are what is judged, whatever the time is here. */
export interface ServerClock {
  /**
   * Epoch ms. Behind the server by no more than a round trip and never ahead, for nothing is known of what is to come.
   * Between two answers it runs on this machine's monotonic clock, so that setting the wall clock here does not move
   * it. Before the first answer: the local time.
   */
  readonly now: () => number;
  /** Whether the server ever told its time; if it did not, it is asked once more. Never throws. */
  readonly isKnown: () => Promise<boolean>;
  /** Asks for the time. No answer changes nothing. Never throws. */
  readonly sync: () => Promise<void>;
}

export interface ServerClockOptions {
  readonly ask: Prometheus["clock"];
  /** Epoch ms, may jump. */
  readonly wall: () => number;
  /** Ms since anything, never jumps. */
  readonly elapsed: () => number;
  /** How far the wall clock may be from the server's before people should know, in ms. */
  readonly toleratedMs: () => number;
  /** How far the server is ahead of the wall clock here, at each answer, in ms. */
  readonly observe: (skewMs: number) => void;
  /** Once when the skew gets too large and once when it is tolerable again. Above 0: the server is ahead. */
  readonly onSkew: (skewMs: number, now: "too-large" | "tolerable") => void;
}

/** Instants are answered in whole ms. */
const RESOLUTION_MS = 1;

export function createServerClock(options: ServerClockOptions): ServerClock {
  const { ask, wall, elapsed } = options;
  const skew = watchSkew(options);
  let base = wall() - elapsed();
  let known = false;
  let underWay: Promise<void> | undefined;

  /**
   * The server looked at its clock at some moment between question and answer, which bounds what `base` can be.
   * Within the bounds it stays as it is, so that it does not waver; else it is the least of what it can be.
   */
  async function askTime(): Promise<void> {
    const asked = elapsed();
    const answer = await ask();
    const told = answer.ok ? answer.series[0]?.at : undefined;
    if (told === undefined) return;
    const earliest = told - elapsed() - RESOLUTION_MS;
    const latest = told - asked + RESOLUTION_MS;
    if (!known || base < earliest || base > latest) base = earliest;
    known = true;
    const skewMs = elapsed() + base - wall();
    options.observe(skewMs);
    skew(skewMs);
  }

  const sync = (): Promise<void> => {
    underWay ??= askTime().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  return {
    now: () => Math.floor(elapsed() + base),
    isKnown: async () => {
      if (!known) await sync();
      return known;
    },
    sync,
  };
}

function watchSkew({ toleratedMs, onSkew }: ServerClockOptions): (skewMs: number) => void {
  let wasTooLarge = false;
  return (skewMs) => {
    const isTooLarge = Math.abs(skewMs) > toleratedMs();
    if (isTooLarge === wasTooLarge) return;
    wasTooLarge = isTooLarge;
    onSkew(skewMs, isTooLarge ? "too-large" : "tolerable");
  };
}
