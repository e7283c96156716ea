import type { RangeSeries } from "./query.ts";
import { seriesKey } from "./series-key.ts";

export interface Grid {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

/** Prometheus refuses range queries that would give a series more points than this. */
const MOST_POINTS = 11_000;

/** The same grid in pieces that Prometheus will answer, in order, sharing no point. */
export function chunks({ from, to, stepMs }: Grid): readonly Grid[] {
  const spanMs = (MOST_POINTS - 1) * stepMs;
  const pieces: Grid[] = [];
  for (let start = from; start <= to; start += spanMs + stepMs) {
    pieces.push({ from: start, to: Math.min(start + spanMs, to), stepMs });
  }
  return pieces;
}

/** The answers to consecutive chunks as one: a series goes on where its labels do. */
export function joinChunks(answers: readonly (readonly RangeSeries[])[]): readonly RangeSeries[] {
  const joined = Map.groupBy(answers.flat(), ({ labels }) => seriesKey(labels));
  return [...joined.values()].map((parts) => ({
    labels: parts[0]?.labels ?? {},
    points: parts.flatMap(({ points }) => points),
  }));
}
