import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

/** How often the monitor looks; a delay shorter than this is not seen. */
const RESOLUTION_MS = 1;
const LOOKS_MS = 10;

export interface Blocked<T> {
  readonly result: T;
  /** The longest time in which nothing else could run. */
  readonly longestMs: number;
  readonly tookMs: number;
}

/** Runs `work` and watches meanwhile how late a timer fires at worst. */
export async function longestBlock<T>(work: () => Promise<T>): Promise<Blocked<T>> {
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  monitor.enable();
  // It measures from one look to the next: without one before, a block at the very beginning is not seen, and
  // without one after, neither is one at the end.
  await sleep(LOOKS_MS);
  const begun = performance.now();
  const result = await work();
  const tookMs = performance.now() - begun;
  await sleep(LOOKS_MS);
  monitor.disable();
  return { result, longestMs: Math.max(0, monitor.max / 1e6 - RESOLUTION_MS), tookMs };
}
