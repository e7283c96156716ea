/**
 * Runs at most `size` tasks at a time; the others wait in the order in which they came. Rejects with the signal's
 * reason when it is aborted before the task's turn; a task that has begun is the caller's to end.
 */
export type Limit = <T>(task: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export function createLimit(size: number): Limit {
  let running = 0;
  const waiting = new Set<() => void>();
  const turn = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        waiting.delete(enter);
        reject(signal.reason);
      };
      waiting.add(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  return async (task, signal) => {
    signal.throwIfAborted();
    // The one that leaves hands its place over, so nobody can slip in between.
    if (running >= size) await turn(signal);
    else running += 1;
    try {
      return await task();
    } finally {
      const [next] = waiting;
      if (next === undefined) {
        running -= 1;
      } else {
        waiting.delete(next);
        next();
      }
    }
  };
}
