import type { MetricTrigger } from "../rules/policy.ts";
import type { Answer, InstantQuery, InstantSeries, RangeQuery, RangeSeries } from "./query.ts";
import type { Grid } from "./range-chunks.ts";
import { type Reading, reduceExpr, reduceRatio } from "./reduce.ts";
import type { Sample } from "./sample.ts";

/** Samples and whom they came from; one endpoint for all of them. */
export interface Measured {
  readonly samples: readonly Sample[];
  readonly endpoint: string;
}

/** What a trigger measures: query, threshold and how several series are judged. */
export type Measurable = Pick<MetricTrigger, "query" | "threshold" | "aggregate">;

export interface Sampler {
  /** One sample, for exactly `at` (epoch ms). Never throws. */
  readonly sampleAt: (trigger: Measurable, at: number) => Promise<Measured>;
  /** One sample for each of `from`, `from + stepMs` … `to`; a slot without a point is no-data. Never throws. */
  readonly sampleRange: (trigger: Measurable, grid: Grid) => Promise<Measured>;
}

/** Turns queries into samples, live and from history by the same rules. */
export function createSampler(source: {
  readonly instant: InstantQuery;
  readonly range: RangeQuery;
}): Sampler {
  return {
    sampleAt: (trigger, at) =>
      measure(trigger, { from: at, to: at, stepMs: 1 }, async (expr) =>
        atOnly(await source.instant(expr, at)),
      ),
    sampleRange: (trigger, grid) =>
      measure(trigger, grid, async (expr) => bySlot(await source.range(expr, grid))),
  };
}

/** The readings of one query at an instant. */
type Readings = (at: number) => readonly Reading[];
type Table = { readonly ok: true; readonly at: Readings; readonly endpoint: string } | Failed;
type Failed = Extract<Answer<never>, { ok: false }>;
type Fetch = (expr: string) => Promise<Table>;

async function measure(trigger: Measurable, grid: Grid, fetch: Fetch): Promise<Measured> {
  const { query } = trigger;
  if (query.kind === "expr") {
    const table = await fetch(query.expr);
    if (!table.ok) return allUnknown(grid, table);
    const samples = instants(grid).map((at) => reduceExpr(trigger, at, table.at(at)));
    return { samples, endpoint: table.endpoint };
  }
  const sides = await fetchSides(query, fetch);
  if (!sides.ok) return allUnknown(grid, sides);
  const samples = instants(grid).map((at) =>
    reduceRatio(trigger, at, {
      errors: sides.errors(at),
      total: sides.total(at),
      minTotal: query.minTotal,
    }),
  );
  return { samples, endpoint: sides.endpoint };
}

type Sides =
  | { readonly ok: true; readonly errors: Readings; readonly total: Readings; readonly endpoint: string }
  | Failed;

/**
 * Both sides of a ratio from one endpoint: replicas may disagree, and a quotient of two opinions is nobody's.
 * A fail-over between the two is the one case in which they are asked again.
 */
async function fetchSides(
  { errors, total }: { readonly errors: string; readonly total: string },
  fetch: Fetch,
): Promise<Sides> {
  for (let attempt = 1; ; attempt += 1) {
    const [errorsTable, totalTable] = await Promise.all([fetch(errors), fetch(total)]);
    if (!errorsTable.ok) return { ...errorsTable, detail: `errors: ${errorsTable.detail}` };
    if (!totalTable.ok) return { ...totalTable, detail: `total: ${totalTable.detail}` };
    const { endpoint } = totalTable;
    if (errorsTable.endpoint === endpoint) {
      return { ok: true, errors: errorsTable.at, total: totalTable.at, endpoint };
    }
    if (attempt === 2) {
      const detail = `errors came from ${errorsTable.endpoint} but total from ${endpoint}; asked twice`;
      return { ok: false, reason: "query-failed", detail, endpoint };
    }
  }
}

function allUnknown(grid: Grid, { reason, detail, endpoint }: Failed): Measured {
  return { samples: instants(grid).map((at) => ({ at, unknown: reason, detail })), endpoint };
}

function atOnly(answer: Answer<InstantSeries>): Table {
  return answer.ok ? { ok: true, at: () => answer.series, endpoint: answer.endpoint } : answer;
}

/** Looked up slot by slot: a table of all readings at once would be several times the answer itself. */
function bySlot(answer: Answer<RangeSeries>): Table {
  if (!answer.ok) return answer;
  const series = answer.series.map(({ labels, points }) => {
    const values = new Map<number, number>();
    for (const { at, value } of points) values.set(at, value);
    return { labels, values };
  });
  const readings: Readings = (at) =>
    series.flatMap(({ labels, values }) => {
      const value = values.get(at);
      return value === undefined ? [] : [{ labels, value }];
    });
  return { ok: true, at: readings, endpoint: answer.endpoint };
}

function instants({ from, to, stepMs }: Grid): readonly number[] {
  const count = Math.max(0, Math.floor((to - from) / stepMs) + 1);
  return Array.from({ length: count }, (_, index) => from + index * stepMs);
}
