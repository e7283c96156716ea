/**
 * Notices when the process was paused or starved: time went by, and its own timer was not served.
 * Gives back what ends the watch and says for how many ms, at most, the event loop stood still.
 */
export function watchStall(everyMs: number): () => number {
  let last = performance.now();
  let longest = 0;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last - everyMs);
    last = now;
  };
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    look();
    return longest;
  };
}
