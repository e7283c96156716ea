import { setImmediate as nextTurn } from "node:timers/promises";
import type { InstantQuery, RangeQuery } from "../src/signals/query.ts";

const ENDPOINT = "http://prometheus:9090";
const MINUTE = 60_000;

/**
 * What the expression `INDEX:name` measures at an instant: quiet noise, for some an hour each day without data,
 * and for some ten bad minutes at a time of their own.
 */
function series(expr: string): (at: number) => number | undefined {
  const index = Number.parseInt(expr, 10);
  const badFrom = (index * 37) % 1_400;
  return (at) => {
    const minuteOfDay = Math.floor(at / MINUTE) % 1_440;
    if (index % 10 === 3 && minuteOfDay >= 900 && minuteOfDay < 960) return undefined;
    const isBad = index % 4 === 0 && minuteOfDay >= badFrom && minuteOfDay < badFrom + 10;
    return isBad ? 0.2 : 0.01 + ((at / 1_000 + index) % 7) / 1_000;
  };
}

let last: Promise<void> = Promise.resolve();

/** Answers come one by one, as from sockets. */
function arrival(): Promise<void> {
  last = last.then(() => nextTurn());
  return last;
}

/** A Prometheus without a network. */
export const synthetic: { readonly instant: InstantQuery; readonly range: RangeQuery } = {
  instant: async (expr, at) => {
    await arrival();
    const value = series(expr)(at);
    return { ok: true, endpoint: ENDPOINT, series: value === undefined ? [] : [{ labels: {}, at, value }] };
  },
  range: async (expr, { from, to, stepMs }) => {
    await arrival();
    const valueAt = series(expr);
    const points: { readonly at: number; readonly value: number }[] = [];
    for (let at = from; at <= to; at += stepMs) {
      const value = valueAt(at);
      if (value !== undefined) points.push({ at, value });
    }
    return { ok: true, endpoint: ENDPOINT, series: [{ labels: {}, points }] };
  },
};
