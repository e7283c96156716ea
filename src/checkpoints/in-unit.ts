/** Enough that a value near its limit (99.8996 % for 99.9 %, 199.96 ms for 200 ms) does not look like the limit. */
const DIGITS = 6;

/** A value in the unit in which its author wrote the limit, so that the two are compared at a glance. */
export function inUnitOf(limit: string, value: number): string {
  if (limit.endsWith("%")) return `${brief(value * 100)}%`;
  if (!/[a-z]$/.test(limit)) return brief(value);
  return Math.abs(value) < 1 ? `${brief(value * 1000)}ms` : `${brief(value)}s`;
}

function brief(value: number): string {
  return String(Number(value.toPrecision(DIGITS)));
}
