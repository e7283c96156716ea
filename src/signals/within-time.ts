/**
 * Gives `task` a signal that is aborted after `timeoutMs`, or with `outer`, and stops waiting at that very
 * moment: undici heeds its signal only once it is connected, and its own connect timeout is a second coarse.
 */
export async function withinTime<T>(
  timeoutMs: number,
  task: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = outer === undefined ? timeout : AbortSignal.any([timeout, outer]);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([aborted, task(signal)]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
