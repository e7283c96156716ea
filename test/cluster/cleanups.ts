export interface Cleanups {
  /** Takes what was just started and remembers how to end it. */
  readonly add: (cleanup: () => unknown) => void;
  /** Last added, first ended. One that fails keeps none of the others from being done; all failures are thrown. */
  readonly run: () => Promise<void>;
}

/** For what is started in several steps, each of which may fail. */
export function createCleanups(): Cleanups {
  const stack: (() => unknown)[] = [];
  return {
    add: (cleanup) => void stack.push(cleanup),
    run: async () => {
      const failures: unknown[] = [];
      for (const cleanup of stack.splice(0).reverse()) {
        try {
          await cleanup();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) {
        throw new AggregateError(failures, `did not end cleanly: ${failures.map(String).join("; ")}`);
      }
    },
  };
}
