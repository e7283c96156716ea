/** What was started is ended again, the newest first, whatever the others do. */
export interface Lifecycle {
  /** Aborted when the end begins: no new work from here on. */
  readonly signal: AbortSignal;
  /** Has `run` called at the end, before everything named earlier; at once when the end is over already. */
  readonly onStop: (name: string, run: () => Promise<unknown> | void) => void;
  /** Resolves when all is ended. Asked twice, it is done once. Never throws. */
  readonly stop: () => Promise<void>;
}

export interface LifecycleOptions {
  /** How long each clean-up may take; the next one then begins without it. */
  readonly boundMs: number;
  /** Told of each clean-up that failed or took too long. */
  readonly report: (name: string, error: unknown) => void;
}

type CleanUp = readonly [name: string, run: () => Promise<unknown> | void];

export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const cleanUps: CleanUp[] = [];
  const ending = new AbortController();
  let stopped: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    ending.abort();
    for (let next = cleanUps.pop(); next !== undefined; next = cleanUps.pop()) {
      await runBounded(next, options);
    }
  };
  const stop = (): Promise<void> => (stopped ??= drain());
  return {
    signal: ending.signal,
    stop,
    onStop: (name, run) => {
      cleanUps.push([name, run]);
      // A start that was still going on when the end came must not leave anything behind.
      stopped = stopped?.then(drain);
    },
  };
}

/** Never throws. */
export async function runBounded([name, run]: CleanUp, { boundMs, report }: LifecycleOptions): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`not done within ${boundMs} ms; going on without it`)),
    boundMs,
  );
  try {
    await Promise.race([run(), late]);
  } catch (error) {
    report(name, error);
  } finally {
    clearTimeout(timer);
  }
}
