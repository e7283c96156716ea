import type { MetricTrigger } from "../rules/policy.ts";
import type { Answer, InstantQuery, InstantSeries, RangeQuery, RangeSeries } from "./query.ts";
import type { Grid } from "./range-chunks.ts";
import { type Asking, askQuery, type AskedQuery, type Table } from "./ask-query.ts";
import { reduceExpr, reduceRatio } from "./reduce.ts";
import { isKnown, type Sample } from "./sample.ts";
import { createSlotHistories } from "./slot-history.ts";

/** Samples and whom they came from; one endpoint for all of them. */
export interface Measured {
  readonly samples: readonly Sample[];
  readonly endpoint: string;
}

/** What a trigger measures: query, threshold, how several series are judged, and how old samples may be. */
export type Measurable = Pick<MetricTrigger, "query" | "threshold" | "aggregate" | "maxSampleAgeMs">;

export interface Sampler {
  /** One sample, for exactly `at` (epoch ms). Never throws. */
  readonly sampleAt: (trigger: Measurable, at: number) => Promise<Measured>;
  /** One sample for each of `from`, `from + stepMs` … `to`; a slot without a point is no-data. Never throws. */
  readonly sampleRange: (trigger: Measurable, grid: Grid) => Promise<Measured>;
}

/**
 * Turns queries into samples, live and from history by the same rules. `intervalMs` is that of the slots which
 * `sampleAt` is asked about.
 */
export function createSampler(
  source: { readonly instant: InstantQuery; readonly range: RangeQuery },
  intervalMs: number,
): Sampler {
  const histories = createSlotHistories(source, intervalMs);
  return {
    sampleAt: (trigger, at) =>
      measure(
        trigger,
        { from: at, to: at, stepMs: intervalMs },
        {
          values: async (expr) => atOnly(await source.instant(expr, at)),
          history: (expr, anew) => histories.until(expr, at, anew),
        },
      ),
    sampleRange: (trigger, grid) =>
      measure(trigger, grid, {
        values: async (expr) => bySlot(await source.range(expr, grid)),
        history: (expr) => histories.over(expr, grid),
      }),
  };
}

async function measure(trigger: Measurable, grid: Grid, asking: Asking): Promise<Measured> {
  const asked = await askQuery(trigger, grid, asking);
  if (!asked.ok) {
    const { reason, detail, endpoint } = asked;
    return { samples: instants(grid).map((at) => ({ at, unknown: reason, detail })), endpoint };
  }
  const samples = instants(grid).map((at) => {
    const sample = reduce(trigger, at, asked);
    const saysSomething = isKnown(sample) || sample.series !== undefined;
    const stale = saysSomething ? asked.whyStale(at) : undefined;
    return stale === undefined ? sample : ({ at, unknown: "stale", detail: stale } as const);
  });
  return { samples, endpoint: asked.endpoint };
}

function reduce(trigger: Measurable, at: number, { values, noErrors }: AskedQuery): Sample {
  const { query } = trigger;
  if (query.kind === "expr") return reduceExpr(trigger, at, values.at(at));
  return reduceRatio(trigger, at, {
    errors: values.errors(at),
    total: values.at(at),
    minTotal: query.minTotal,
    whyNotZero: () => noErrors(at),
  });
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
  const at = (slot: number) =>
    series.flatMap(({ labels, values }) => {
      const value = values.get(slot);
      return value === undefined ? [] : [{ labels, value }];
    });
  return { ok: true, at, endpoint: answer.endpoint };
}

function instants({ from, to, stepMs }: Grid): readonly number[] {
  const count = Math.max(0, Math.floor((to - from) / stepMs) + 1);
  return Array.from({ length: count }, (_, index) => from + index * stepMs);
}
