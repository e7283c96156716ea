import { pastSlots } from "./slot-history.ts";

/** While nothing better is known, a sample older than this is stale. */
const UNKNOWN_RHYTHM_MS = 120_000;
/** Gaps between samples that it takes to know how often there are any. */
const FEWEST_GAPS = 3;

/**
 * The age that a sample may have at a slot, ms: twice the second-longest gap between the distinct instants
 * (`stampAt`, epoch ms) of the newest samples at the slots of the hour that ends there. Cheap when slots are asked
 * about in their order, for a backfill has thousands of them.
 */
export function createUsualMaxAge(
  stampAt: (slot: number) => number | undefined,
  stepMs: number,
): (slot: number) => number {
  const reachMs = pastSlots(stepMs) * stepMs;
  let stamps = createStamps();
  let oldest = 0;
  let next = 0;
  return (slot) => {
    if (slot < next - stepMs || slot - reachMs > next) {
      stamps = createStamps();
      oldest = slot - reachMs;
      next = oldest;
    }
    for (; next <= slot; next += stepMs) stamps.add(stampAt(next));
    for (; oldest < slot - reachMs; oldest += stepMs) stamps.remove(stampAt(oldest));
    return stamps.usualMaxAge();
  };
}

/** Instants, as often as they were added, and the gaps between the distinct ones. */
function createStamps() {
  const counts = new Map<number, number>();
  const distinct: number[] = [];
  const gaps: number[] = [];
  const neighbours = (place: number, count: number) =>
    [distinct[place - 1], distinct[place + count]] as const;
  const gapsOf = (...stamps: readonly (number | undefined)[]): readonly number[] =>
    stamps.flatMap((stamp, index) => {
      const before = stamps[index - 1];
      return before === undefined || stamp === undefined ? [] : [stamp - before];
    });
  return {
    add: (stamp: number | undefined): void => {
      if (stamp === undefined) return;
      const count = counts.get(stamp) ?? 0;
      counts.set(stamp, count + 1);
      if (count > 0) return;
      const place = placeOf(distinct, stamp);
      const [left, right] = neighbours(place, 0);
      for (const gap of gapsOf(left, right)) gaps.splice(placeOf(gaps, gap), 1);
      for (const gap of gapsOf(left, stamp, right)) gaps.splice(placeOf(gaps, gap), 0, gap);
      distinct.splice(place, 0, stamp);
    },
    remove: (stamp: number | undefined): void => {
      const count = stamp === undefined ? undefined : counts.get(stamp);
      if (stamp === undefined || count === undefined) return;
      if (count > 1) {
        counts.set(stamp, count - 1);
        return;
      }
      counts.delete(stamp);
      const place = placeOf(distinct, stamp);
      const [left, right] = neighbours(place, 1);
      for (const gap of gapsOf(left, stamp, right)) gaps.splice(placeOf(gaps, gap), 1);
      for (const gap of gapsOf(left, right)) gaps.splice(placeOf(gaps, gap), 0, gap);
      distinct.splice(place, 1);
    },
    usualMaxAge: (): number => {
      const secondLongest = gaps.at(-2);
      return gaps.length < FEWEST_GAPS || secondLongest === undefined ? UNKNOWN_RHYTHM_MS : 2 * secondLongest;
    },
  };
}

/** Where `value` is, or would be, in numbers in ascending order. */
function placeOf(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? value) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
