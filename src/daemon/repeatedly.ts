import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";

export interface Repeated {
  /** What is done, as in "reading the rules files". */
  readonly what: string;
  readonly task: () => Promise<void>;
  readonly everyMs: number;
  readonly logger: Logger;
}

/**
 * Runs `task` every `everyMs`, never two at a time. One that throws is no reason to leave off: the first of a spell of
 * failures is logged, and so is its end. Returns the way to stop, which waits for the one under way.
 */
export function repeatedly({ what, task, everyMs, logger }: Repeated): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let failures = 0;
  const once = async (): Promise<void> => {
    try {
      await task();
      if (failures > 0) logger.info({ failures }, `${what} works again`);
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures === 1) logger.error({ err: error }, brokenSentence(what, everyMs));
    }
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await once();
    }
  };
  const running = run();
  return async () => {
    stopping.abort();
    await running;
  };
}

function brokenSentence(what: string, everyMs: number): string {
  return (
    `${what} broke off on an error of rollbackd itself; it is tried again every ${everyMs / 1000} s, and that it ` +
    "works again will be logged; if it does not, restart rollbackd and report the error"
  );
}
