/** The slot (epoch ms) that contains `at`: slots are multiples of the interval since the epoch. */
export function slotAt(at: number, intervalMs: number): number {
  return Math.floor(at / intervalMs) * intervalMs;
}

/**
 * Slots in a window. A condition that has held for `forMs` has been seen at both ends of it,
 * hence one more than fit: 5m at 15s is 21 slots, 20s at 15s is 3, 0s is 1.
 */
export function windowSize(forMs: number, intervalMs: number): number {
  return Math.ceil(forMs / intervalMs) + 1;
}
