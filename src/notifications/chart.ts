import type { Evidence } from "../decisions/decision.ts";
import { isKnown, type Sample } from "../signals/sample.ts";

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const UNKNOWN = "·";
const MAX_WIDTH = 60;

/**
 * One character a slot: bars from zero (or the lowest value, if that is below zero) to the highest value or the
 * limit, whichever is more, so that what is far below its limit looks so; `·` where nothing was known.
 * Long windows are shortened to `width`; the highest value of each part is what shows.
 */
export function chart(
  { samples, limit = 0 }: Pick<Evidence, "samples" | "limit">,
  width = MAX_WIDTH,
): string {
  const parts = split(samples, width).map(highest);
  const values = parts.filter((value) => value !== undefined);
  const low = Math.min(0, limit, ...values);
  const span = Math.max(0, limit, ...values) - low;
  return parts
    .map((value) => (value === undefined ? UNKNOWN : bar(span === 0 ? 0 : (value - low) / span)))
    .join("");
}

/** "lowest 0.001, highest 0.112, newest 0.109, 19 of 21 slots known" */
export function range(samples: readonly Sample[]): string {
  const known = samples.filter(isKnown);
  const values = known.map(({ value }) => value);
  const counted = `${known.length} of ${samples.length} slots known`;
  const newest = values.at(-1);
  return newest === undefined
    ? counted
    : `lowest ${short(Math.min(...values))}, highest ${short(Math.max(...values))}, newest ${short(newest)}, ${counted}`;
}

function split(samples: readonly Sample[], width: number): readonly (readonly Sample[])[] {
  const size = Math.max(1, Math.ceil(samples.length / width));
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, index) =>
    samples.slice(index * size, (index + 1) * size),
  );
}

function highest(part: readonly Sample[]): number | undefined {
  const values = part.filter(isKnown).map(({ value }) => value);
  return values.length === 0 ? undefined : Math.max(...values);
}

function bar(share: number): string {
  return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))] ?? UNKNOWN;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
