/** Runs what is given for a key after everything that was given for it before has ended. */
export type OneAtATime = <T>(key: string, run: () => Promise<T>) => Promise<T>;

/** For what must not happen at once about one target: a pass that decides, and what people ask for. */
export function createOneAtATime(): OneAtATime {
  const last = new Map<string, Promise<unknown>>();
  return async (key, run) => {
    const before = last.get(key);
    const mine = (before ?? Promise.resolve()).then(run);
    const ended = mine.catch(() => undefined);
    last.set(key, ended);
    try {
      return await mine;
    } finally {
      if (last.get(key) === ended) last.delete(key);
    }
  };
}
