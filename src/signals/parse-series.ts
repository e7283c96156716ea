import type { InstantSeries, RangeSeries } from "./query.ts";

/*
 * The `data` part of an answer. `undefined` means that it does not have the documented shape;
 * half an answer is worth nothing, so one malformed series spoils it all.
 */

/** `vector`: the series of an instant query. */
export function parseVector(result: unknown): readonly InstantSeries[] | undefined {
  return parseEach(result, (item) => {
    const labels = parseLabels(item.metric);
    // A native histogram has no number to compare; what it means is said by a query over it.
    const point = "histogram" in item ? parseHistogramPoint(item.histogram) : parsePoint(item.value);
    return labels && point && { labels, ...point };
  });
}

/** `scalar`: one value without labels. */
export function parseScalar(result: unknown): readonly InstantSeries[] | undefined {
  const point = parsePoint(result);
  return point && [{ labels: {}, ...point }];
}

/** `matrix`: the series of a range query. */
export function parseMatrix(result: unknown): readonly RangeSeries[] | undefined {
  return parseEach(result, (item) => {
    const labels = parseLabels(item.metric);
    const values = parseList(item.values ?? [], parsePoint);
    const histograms = parseList(item.histograms ?? [], parseHistogramPoint);
    if (labels === undefined || values === undefined || histograms === undefined) return undefined;
    return { labels, points: [...values, ...histograms].sort((a, b) => a.at - b.at) };
  });
}

type Fields = Readonly<Record<string, unknown>>;
interface Point {
  readonly at: number;
  readonly value: number;
}

function parseEach<T>(result: unknown, parse: (item: Fields) => T | undefined): readonly T[] | undefined {
  return parseList(result, (item) =>
    typeof item === "object" && item !== null ? parse(item as Fields) : undefined,
  );
}

function parseList<T>(list: unknown, parse: (item: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const parsed: T[] = [];
  for (const item of list as readonly unknown[]) {
    const value = parse(item);
    if (value === undefined) return undefined;
    parsed.push(value);
  }
  return parsed;
}

function parsePoint(point: unknown): Point | undefined {
  if (!Array.isArray(point)) return undefined;
  const [seconds, text] = point as readonly unknown[];
  const value = parseValue(text);
  // Prometheus counts in whole milliseconds; the fraction of a second is only its spelling.
  return typeof seconds === "number" && value !== undefined
    ? { at: Math.round(seconds * 1000), value }
    : undefined;
}

function parseHistogramPoint(point: unknown): Point | undefined {
  if (!Array.isArray(point)) return undefined;
  return parsePoint([(point as readonly unknown[])[0], "NaN"]);
}

const FINITE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/u;

function parseValue(text: unknown): number | undefined {
  switch (text) {
    case "NaN":
      return Number.NaN;
    case "+Inf":
      return Number.POSITIVE_INFINITY;
    case "-Inf":
      return Number.NEGATIVE_INFINITY;
    default:
      return typeof text === "string" && FINITE.test(text) ? Number(text) : undefined;
  }
}

function parseLabels(metric: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof metric !== "object" || metric === null) return undefined;
  const entries = Object.entries(metric);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === "string")) return undefined;
  return Object.fromEntries(entries.filter(([name]) => name !== "__name__"));
}
