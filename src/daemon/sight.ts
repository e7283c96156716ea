/** Can the policy's metrics be seen at all? */
export interface Sight {
  /** Since when no endpoint has given a usable answer; undefined while one does. */
  readonly blindSince: number | undefined;
}

export const SIGHTED: Sight = { blindSince: undefined };

/** `answered`: whether any metric trigger got a usable answer in the pass at `at`. */
export function nextSight(sight: Sight, answered: boolean, at: number): Sight {
  if (answered) return SIGHTED;
  return sight.blindSince === undefined ? { blindSince: at } : sight;
}

/** Blind for so long that somebody has to know. */
export function isBlind({ blindSince }: Sight, at: number, blindAfterMs: number): boolean {
  return blindSince !== undefined && at - blindSince >= blindAfterMs;
}
