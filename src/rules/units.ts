const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

type Unit = keyof typeof UNIT_MS;

/**
 * A duration as Prometheus writes it: `90s`, `5m`, `1h30m`, largest unit first. The counts of digits keep every
 * sum far inside the range of dates.
 */
export const DURATION_PATTERN =
  "^(?=.)(\\d{1,5}w)?(\\d{1,5}d)?(\\d{1,6}h)?(\\d{1,7}m)?(\\d{1,8}s)?(\\d{1,10}ms)?$";

/** The same without `0s`. */
export const POSITIVE_DURATION_PATTERN = DURATION_PATTERN.replace("(?=.)", "(?=.*[1-9])");

/** A number (`0.05`, `2e3`), a percentage (`5%`), or a duration, which may have decimals (`1.5s`). */
export const THRESHOLD_PATTERN =
  "^(-?\\d{1,15}(\\.\\d{1,15})?(e[+-]?\\d{1,2})?%?|(\\d{1,10}(\\.\\d{1,6})?(ms|s|m|h|d|w)){1,6})$";

/** Milliseconds of `1h30m`; NaN for anything that is no duration. */
export function durationMs(text: string): number {
  return new RegExp(DURATION_PATTERN).test(text) ? sumMs(text) : Number.NaN;
}

export type ThresholdUnit = "number" | "percent" | "duration";

/**
 * What an author's threshold means in the unit of the query's result: `5%` is 0.05, and a duration is seconds, the
 * base unit of Prometheus (`2000ms` is 2). NaN for text that is no threshold.
 */
export function parseThreshold(written: string | number): {
  readonly value: number;
  readonly unit: ThresholdUnit;
} {
  if (typeof written === "number") {
    return { value: written, unit: "number" };
  }
  if (!new RegExp(THRESHOLD_PATTERN).test(written)) {
    return { value: Number.NaN, unit: "number" };
  }
  if (written.endsWith("%")) {
    // 99.9 / 100 is 0.9990000000000001, which a measured 0.999 would be below.
    return { value: Number((Number(written.slice(0, -1)) / 100).toPrecision(15)), unit: "percent" };
  }
  return /[a-z]$/.test(written)
    ? { value: sumMs(written) / 1000, unit: "duration" }
    : { value: Number(written), unit: "number" };
}

function sumMs(text: string): number {
  return Array.from(text.matchAll(/([\d.]+)([a-z]+)/g), ([, count, unit]) => {
    return Number(count) * UNIT_MS[unit as Unit];
  }).reduce((sum, ms) => sum + ms, 0);
}
