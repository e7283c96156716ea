import type { Answer, InstantQuery, InstantSeries } from "../../src/signals/query.ts";
import type { Grid } from "../../src/signals/range-chunks.ts";
import type { Sample } from "../../src/signals/sample.ts";
import type { Measurable, Measured, Sampler } from "../../src/signals/sampler.ts";
import { INTERVAL, slots } from "../support/model.ts";

/** What one series holds, by instant. */
export type Series = (at: number) => Sample;

/** Prometheus as the daemon's loop sees it: series by expression, an outage, and a list of what was asked. */
export interface FakePrometheus extends Sampler {
  readonly asked: Grid[];
  /** What is measured by an expression from now on. */
  readonly put: (expr: string, series: Series) => void;
  /** Vetoes are asked like this; an expression that is not in `vetoes` has no result. */
  readonly instant: InstantQuery;
  readonly vetoes: Map<string, (at: number) => number | "unreachable">;
  /** Which of several replicas answers. */
  endpoint: string;
  /** Which queries get no answer. */
  down: "none" | "range" | "all";
}

export function fakePrometheus(): FakePrometheus {
  const series = new Map<string, Series>();
  const asked: Grid[] = [];
  const answer = ({ query }: Measurable, grid: Grid, isDown: boolean): Measured => {
    asked.push(grid);
    const expr = query.kind === "expr" ? query.expr : query.errors;
    const samples: Sample[] = [];
    for (let at = grid.from; at <= grid.to; at += grid.stepMs) {
      const seen = series.get(expr)?.(at) ?? { at, unknown: "no-data" };
      samples.push(isDown ? { at, unknown: "unreachable" } : seen);
    }
    return { samples, endpoint: fake.endpoint };
  };
  const fake: FakePrometheus = {
    asked,
    endpoint: "http://prometheus:9090",
    down: "none",
    vetoes: new Map(),
    instant: async (expr, at) => vetoAnswer(fake.vetoes.get(expr)?.(at), at),
    put: (expr, measured) => void series.set(expr, measured),
    sampleAt: async (trigger, at) => answer(trigger, { from: at, to: at, stepMs: 1 }, fake.down === "all"),
    sampleRange: async (trigger, grid) => answer(trigger, grid, fake.down !== "none"),
  };
  return fake;
}

function vetoAnswer(value: number | "unreachable" | undefined, at: number): Answer<InstantSeries> {
  const endpoint = "http://prometheus:9090";
  if (value === "unreachable") return { ok: false, reason: value, detail: "refused", endpoint };
  return { ok: true, endpoint, series: value === undefined ? [] : [{ labels: {}, at, value }] };
}

/** `picture` as in `slots`, healthy before it, and its last mark for ever after. */
export function drawn(picture: string, from: number, intervalMs: number = INTERVAL): Series {
  const drawnSlots = slots(picture, from, intervalMs);
  const known = new Map(drawnSlots.map((sample) => [sample.at, sample]));
  const last = drawnSlots.at(-1);
  return (at) => known.get(at) ?? (last === undefined || at < from ? { at, value: 0.01 } : { ...last, at });
}

/** Healthy before `from`, breaching until `to`, healthy again. */
export function breaching(from: number, to: number = Number.POSITIVE_INFINITY): Series {
  return (at) => ({ at, value: at >= from && at < to ? 0.112 : 0.01 });
}
