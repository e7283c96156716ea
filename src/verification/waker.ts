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
      const until = AbortSignal.any([signal, rest.signal]);
      await Promise.race([news.promise, sleep(ms, undefined, { signal: until }).catch(() => undefined)]);
      rest.abort();
      news = Promise.withResolvers();
    },
  };
}
