export interface Turns {
  /** The longest turn of the event loop: for so long nothing else could run. */
  readonly longestMs: number;
  /** All of them together. */
  readonly workMs: number;
}

/**
 * Runs `work` and measures each turn of the event loop meanwhile, in processor time of this thread: what other
 * programs take from the machine is not in it, so that a busy machine gives the same answer as an idle one.
 */
export async function measureTurns(work: () => Promise<unknown>): Promise<Turns> {
  const begun = processorMs();
  let last = begun;
  let longestMs = 0;
  let isOver = false;
  const turn = (): void => {
    const now = processorMs();
    longestMs = Math.max(longestMs, now - last);
    last = now;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isOver = true;
  turn();
  return { longestMs, workMs: last - begun };
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
