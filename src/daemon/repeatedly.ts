import { setTimeout as sleep } from "node:timers/promises";

/** Runs `task` every `everyMs`, never two at a time. Returns the way to stop, which waits for the one under way. */
export function repeatedly(task: () => Promise<void>, everyMs: number): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await task();
    }
  };
  const running = run();
  return async () => {
    stopping.abort();
    await running;
  };
}
