import type { MetricTrigger } from "../rules/policy.ts";
import { breaches } from "../rules/threshold.ts";
import type { Sample, SeriesSample, UnknownReason } from "./sample.ts";
import { seriesKey } from "./series-key.ts";

/** A series' value at one instant. Stale and absent series are not there. */
export interface Reading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** How a trigger wants several series judged. */
export type SeriesRule = Pick<MetricTrigger, "aggregate" | "threshold">;

/**
 * What an expression's result at `at` says. The same for a live answer and for one slot of a range:
 * nothing, several series that nobody said how to combine, and numbers that are none are unknown.
 */
export function reduceExpr(rule: SeriesRule, at: number, series: readonly Reading[]): Sample {
  const [only] = series;
  if (only === undefined) return unknown(at, "no-data", "the expression returned no series");
  if (rule.aggregate === "each") {
    if (byLabels(series).size < series.length) return sameLabels(at);
    return combineEach(
      rule,
      at,
      series.map(({ labels, value }) => ({
        name: seriesKey(labels),
        sample: number(at, value, "the expression"),
      })),
    );
  }
  if (series.length === 1) return number(at, only.value, "the expression");
  if (rule.aggregate === undefined) return manySeries(at, "the expression", series);
  return combine(
    rule,
    at,
    series.map(({ value }) => number(at, value, "the expression")),
  );
}

/** Both sides of a ratio at the same instant. */
export interface RatioReading {
  readonly errors: readonly Reading[];
  readonly total: readonly Reading[];
  /** In the unit of `total`; with less traffic than this a ratio means nothing. */
  readonly minTotal: number;
  /** Why no errors are not 0; undefined where they are. */
  readonly whyNotZero: () => string | undefined;
}

/**
 * Errors ÷ total, from 0 to 1. A counter of errors that never counted is absent, so no errors with traffic is 0
 * unless `whyNotZero` has a reason; no total is no data. With `aggregate` the sides are joined by their labels and
 * each pair is a ratio.
 */
export function reduceRatio(rule: SeriesRule, at: number, ratio: RatioReading): Sample {
  const { errors, total } = ratio;
  if (total.length === 0) return unknown(at, "no-data", "total returned no series");
  if (rule.aggregate === undefined) {
    if (total.length > 1) return manySeries(at, "total", total);
    if (errors.length > 1) return manySeries(at, "errors", errors);
    return divide(at, errors[0]?.value, total[0]?.value ?? 0, ratio);
  }
  const errorsOf = byLabels(errors);
  const totalOf = byLabels(total);
  if (errorsOf.size < errors.length || totalOf.size < total.length) {
    return sameLabels(at);
  }
  const keys = new Set([...totalOf.keys(), ...errorsOf.keys()]);
  const parts = [...keys].map((name) => {
    const whole = totalOf.get(name);
    const sample =
      whole === undefined
        ? unknown(at, "no-data", `errors without a total for ${name}`)
        : divide(at, errorsOf.get(name), whole, ratio);
    return { name, sample };
  });
  if (rule.aggregate === "each") return combineEach(rule, at, parts);
  return combine(
    rule,
    at,
    parts.map(({ sample }) => sample),
  );
}

/** Rates are estimates, so errors may seem to be a little more than the whole. Beyond this something is wrong. */
const HIGHEST_RATIO = 1.1;

/** A difference of rates that are equal is seldom exactly 0; this share of the total is rounding. */
const ROUNDING = 1e-9;

function divide(
  at: number,
  measured: number | undefined,
  total: number,
  { minTotal, whyNotZero }: Pick<RatioReading, "minTotal" | "whyNotZero">,
): Sample {
  if (!Number.isFinite(total)) return notANumber(at, "total", total);
  if (total < 0) return impossible(at, `total is ${brief(total)}, and a rate cannot be negative`);
  if (total < minTotal) {
    return unknown(at, "low-traffic", `total ${brief(total)} is below minTotal ${brief(minTotal)}`);
  }
  if (total <= 0) return unknown(at, "low-traffic", `total is ${brief(total)}`);
  const notZero = measured === undefined ? whyNotZero() : undefined;
  if (notZero !== undefined) return unknown(at, "no-such-series", notZero);
  const errors = measured ?? 0;
  const ratio = errors / total;
  if (!Number.isFinite(ratio))
    return notANumber(at, `errors ${brief(errors)} ÷ total ${brief(total)}`, ratio);
  if (ratio < -ROUNDING) {
    return impossible(at, `errors is ${brief(errors)}, and a rate cannot be negative`);
  }
  return ratio > HIGHEST_RATIO
    ? impossible(at, tooMany(errors, total))
    : { at, value: Math.min(1, Math.max(0, ratio)) };
}

function tooMany(errors: number, total: number): string {
  const share = `errors ${brief(errors)} is ${brief((100 * errors) / total)} % of total ${brief(total)}`;
  return `${share}, which cannot be: a counter went back, or the two count different things`;
}

/**
 * Several verdicts as one, with unknown as the third value: one that breaches decides `any`, one that is
 * healthy decides `all`, whatever the unknown ones would have said; otherwise a single unknown leaves it open.
 */
function combine({ aggregate = "any", threshold }: SeriesRule, at: number, parts: readonly Sample[]): Sample {
  const values = parts.flatMap((part) => ("value" in part ? [part.value] : []));
  const open = parts.find((part) => !("value" in part));
  const decisive = extreme(values, (aggregate === "any") === (threshold.op === "above"));
  if (decisive === undefined) return open ?? unknown(at, "no-data", "no series");
  if (open === undefined || breaches(threshold, decisive) === (aggregate === "any")) {
    return { at, value: decisive };
  }
  return open;
}

/** The slot as a whole is what `any` says; the windows are those of the series. */
function combineEach({ threshold }: SeriesRule, at: number, series: readonly SeriesSample[]): Sample {
  const whole = combine(
    { aggregate: "any", threshold },
    at,
    series.map(({ sample }) => sample),
  );
  return { ...whole, series };
}

function extreme(values: readonly number[], highest: boolean): number | undefined {
  return values.reduce<number | undefined>((best, value) => {
    if (best === undefined) return value;
    return value > best === highest ? value : best;
  }, undefined);
}

function byLabels(series: readonly Reading[]): ReadonlyMap<string, number> {
  return new Map(series.map(({ labels, value }) => [seriesKey(labels), value]));
}

function number(at: number, value: number, what: string): Sample {
  return Number.isFinite(value) ? { at, value } : notANumber(at, what, value);
}

function notANumber(at: number, what: string, value: number): Sample {
  return impossible(at, `${what} is ${value}`);
}

function impossible(at: number, detail: string): Sample {
  return unknown(at, "impossible", detail);
}

function manySeries(at: number, what: string, series: readonly Reading[]): Sample {
  const detail = `${what} returned ${series.length} series for one target; aggregate them in PromQL, or say aggregate: any, all or each`;
  return unknown(at, "many-series", detail);
}

function sameLabels(at: number): Sample {
  return unknown(at, "many-series", "two series differ only in their metric's name; aggregate them");
}

function unknown(at: number, reason: UnknownReason, detail: string): Sample {
  return { at, unknown: reason, detail };
}

function brief(value: number): string {
  return String(Number(value.toPrecision(4)));
}
