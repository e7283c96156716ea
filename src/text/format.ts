/*
 * Numbers as a reader says them. A value is shown in the unit in which the limit that it is compared with was
 * written: 20.8 %, 420 ms, 11.1 s, 14 min.
 */

/** Largest first. */
const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
] as const;

/** Digits of a percentage or a duration: enough to compare, short enough to read aloud. */
const DIGITS = 3;
const PLAIN_DIGITS = 4;
/** All that a double holds. */
const MAX_DIGITS = 15;

/** `420 ms`, `11.1 s`, `1 min 30 s`, `2 h 5 min`: three digits below a minute, the two largest units above. */
export function formatDuration(ms: number): string {
  if (ms < 0) return `-${formatDuration(-ms)}`;
  return Math.round(ms) < 1000 ? zeroless(Math.round(ms), "ms") : inSeconds(ms / 1000, DIGITS);
}

/** A number without a unit: four digits, and every digit before the point. */
export function formatValue(value: number): string {
  return decimal(value, PLAIN_DIGITS);
}

/** `0.2075` → `20.8 %`. */
export function formatPercent(share: number): string {
  return `${decimal(share * 100, DIGITS)} %`;
}

/** `2026-03-01 10:05:15Z`; without the date where it is that of `day`. Records carry RFC 3339 with milliseconds. */
export function formatInstant(at: number, day?: number): string {
  const [date = "", time = ""] = new Date(at)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .split("T");
  return day !== undefined && new Date(day).toISOString().startsWith(`${date}T`) ? time : `${date} ${time}`;
}

/** The same for an instant as records carry it; as it is where it is none. */
export function formatStamp(at: string, day?: string): string {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return at;
  return formatInstant(ms, day === undefined ? undefined : Date.parse(day));
}

/** The limit that a value is compared with: as its author wrote it (`5%`, `2000ms`), and in the unit of the value. */
export interface Limit {
  readonly text: string;
  readonly value?: number;
}

/**
 * A value in the unit of its limit. It gets as many digits as it takes to show on which side of the limit it is:
 * 5.0004 % is never written like a limit of 5 %.
 */
export function formatMeasured(value: number, { text, value: limit }: Limit): string {
  const render = (digits: number): string => inUnitOf(text, value, digits);
  if (limit === undefined) return render(digitsOf(text));
  const alike = inUnitOf(text, limit, MAX_DIGITS);
  for (let digits = digitsOf(text); digits < MAX_DIGITS; digits += 1) {
    if (render(digits) !== alike || value === limit) return render(digits);
  }
  return render(MAX_DIGITS);
}

/** `5%` → `5 %`, `2000ms` → `2000 ms`, `1h30m` → `1 h 30 min`: the number stays as its author wrote it. */
export function formatLimit(text: string): string {
  return text
    .replaceAll(/(\d)(%|ms|[smhdw](?![a-z]))/gu, (_, digit: string, unit: string) => {
      return `${digit} ${unit === "m" ? "min" : unit} `;
    })
    .trim();
}

/** A threshold of a trigger: `above 5%` → `above 5 %`; others, such as `stalled`, are words already. */
export function formatThreshold(threshold: string): string {
  return /^(above|below) /u.test(threshold) ? formatLimit(threshold) : threshold;
}

function digitsOf(text: string): number {
  return isPlain(text) ? PLAIN_DIGITS : DIGITS;
}

function isPlain(text: string): boolean {
  return !/[%a-z]$/u.test(text);
}

function inUnitOf(text: string, value: number, digits: number): string {
  if (text.endsWith("%")) return `${decimal(value * 100, digits)} %`;
  if (isPlain(text)) return decimal(value, digits);
  if (value < 0) return `-${inUnitOf(text, -value, digits)}`;
  const ms = decimal(value * 1000, digits);
  return Number(ms) < 1000 ? zeroless(Number(ms), "ms") : inSeconds(value, digits);
}

function zeroless(value: number, unit: string): string {
  return value === 0 ? "0 s" : `${value} ${unit}`;
}

/** `seconds` from one second on. */
function inSeconds(seconds: number, digits: number): string {
  const short = decimal(seconds, digits);
  if (Number(short) < 60) return `${short} s`;
  // More digits than usual are asked for where two durations would look alike.
  if (digits > DIGITS && seconds % 1 !== 0) return `${short} s`;
  const parts: string[] = [];
  let rest = roundedTo(seconds, digits > DIGITS ? 1 : smallestUnit(seconds));
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}

/** Size of the second of the two largest units. */
function smallestUnit(seconds: number): number {
  if (seconds >= 86_400) return 3600;
  return seconds >= 3600 ? 60 : 1;
}

function roundedTo(seconds: number, size: number): number {
  return Math.round(seconds / size) * size;
}

/** At most `digits` significant digits, but every digit before the point. */
function decimal(value: number, digits: number): string {
  const whole = value === 0 ? 1 : Math.floor(Math.log10(Math.abs(value))) + 1;
  const short = Number(value.toPrecision(Math.min(MAX_DIGITS, Math.max(digits, whole))));
  return String(short === 0 ? 0 : short);
}
