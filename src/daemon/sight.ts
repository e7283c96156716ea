/** Can the policy's metrics be seen at all? */
export interface Sight {
  /** Since when no endpoint has given a usable answer; undefined while one does. */
  readonly blindSince: number | undefined;
}

export const SIGHTED: Sight = { blindSince: undefined };

/** After a pass at `at` in which no metric trigger got a usable answer. */
export function nextSight({ blindSince }: Sight, at: number): Sight {
  return { blindSince: blindSince ?? at };
}

/** Blind for so long that somebody has to know. */
export function isBlind({ blindSince }: Sight, at: number, blindAfterMs: number): boolean {
  return blindSince !== undefined && at - blindSince >= blindAfterMs;
}
