import { setTimeout as sleep } from "node:timers/promises";

/** A sleep that news cuts short. */
export interface Waker {
  readonly wake: () => void;
  /** Returns after `ms`, at news, or when `signal` aborts; at once if there was news since the last wait. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export function createWaker(): Waker {
  let news = Promise.withResolvers<void>();
  return {
    wake: () => news.resolve(),
    wait: async (ms, signal) => {
      const rest = new AbortController();
      const end = (): void => rest.abort();
      // Undone after each wait: a signal of a long life must not gather what once waited for it.
      signal.addEventListener("abort", end, { once: true });
      if (signal.aborted) end();
      const slept = sleep(ms, undefined, { signal: rest.signal }).catch(() => undefined);
      await Promise.race([news.promise, slept]);
      signal.removeEventListener("abort", end);
      end();
      news = Promise.withResolvers();
    },
  };
}
