import { formatValue } from "../engine/format.ts";

/** A share near its limit (99.8996 % for 99.9 %) must not look like the limit. */
const DIGITS_OF_SHARE = 6;

/** A value in the unit in which its author wrote the limit, so that the two are compared at a glance. */
export function inUnitOf(limit: string, value: number): string {
  if (limit.endsWith("%")) return `${Number((value * 100).toPrecision(DIGITS_OF_SHARE))}%`;
  if (!/[a-z]$/.test(limit)) return formatValue(value);
  return Math.abs(value) < 1 ? `${formatValue(value * 1000)}ms` : `${formatValue(value)}s`;
}
