import { setTimeout as sleep } from "node:timers/promises";

export interface Patience {
  /** How long to keep trying; default 30 s: it costs time only where a test fails. */
  readonly withinMs?: number;
  /** Pause between two tries; default 50 ms. */
  readonly everyMs?: number;
}

/**
 * Tries `check` until it neither throws nor rejects, and gives back its value.
 * At the deadline it fails with the last error as cause, so that a test says what never became true.
 */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  patience: Patience = {},
): Promise<T> {
  const { withinMs = 30_000, everyMs = 50 } = patience;
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (cause) {
      if (performance.now() >= deadline) {
        const last = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`not within ${withinMs} ms: ${what}; last: ${last}`, { cause });
      }
    }
    await sleep(everyMs);
  }
}
