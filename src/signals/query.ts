import type { UnknownReason } from "./sample.ts";

/** One series of an answer; `labels` without the metric's name. */
export interface InstantSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Epoch ms. */
  readonly at: number;
  readonly value: number;
}

export interface RangeSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

/** `endpoint` is the base address that answered, without credentials. */
export type Answer<Series> =
  | { readonly ok: true; readonly series: readonly Series[]; readonly endpoint: string }
  | {
      readonly ok: false;
      readonly reason: UnknownReason;
      readonly detail: string;
      readonly endpoint: string;
    };

/** Evaluates at exactly `at` (epoch ms), never at the server's "now". Never throws: a failure is an answer. */
export type InstantQuery = (expr: string, at: number) => Promise<Answer<InstantSeries>>;

/** Evaluates at `from`, `from + step` … `to` (epoch ms, inclusive). Never throws. */
export type RangeQuery = (
  expr: string,
  grid: { readonly from: number; readonly to: number; readonly stepMs: number },
) => Promise<Answer<RangeSeries>>;
