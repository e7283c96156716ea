/** Why a slot has no usable value. A closed set: each is shown to people and counted in a metric. */
export type UnknownReason =
  | "no-data" // the query answered with nothing
  | "low-traffic" // fewer requests than `minTotal`
  | "impossible" // NaN, an infinity, a negative side of a ratio, or far more errors than requests
  | "stale" // only Prometheus's lookback keeps the value alive
  | "no-such-series" // `errors` is empty, and that does not mean that there are none
  | "not-a-number" // in records of earlier versions: `impossible` now
  | "many-series" // several series and no `aggregate`
  | "partial-response" // the server warned that the answer is incomplete
  | "query-rejected" // 400, or 422 for a query that can never succeed: the rule must change
  | "query-failed" // 5xx, 422 deadline, garbage: may pass
  | "unreachable" // no connection, or no answer in time
  | "no-report" // nobody has reported on a running image
  | "reports-unreadable" // what the cluster knows of a running image cannot be read
  | "target-unseen" // the target itself could not be looked at
  | "not-evaluated"; // nobody asked: the daemon was down or late

/** What it takes for a slot to be known again: that a server answers, that there is something to measure, a better rule. */
export type UnknownKind = "no-answer" | "no-value" | "no-such-series" | "many-series" | "query-rejected";

const KINDS: Readonly<Record<UnknownReason, UnknownKind>> = {
  unreachable: "no-answer",
  "query-failed": "no-answer",
  "partial-response": "no-answer",
  "reports-unreadable": "no-answer",
  "target-unseen": "no-answer",
  "not-evaluated": "no-answer",
  "no-data": "no-value",
  "low-traffic": "no-value",
  impossible: "no-value",
  stale: "no-value",
  "not-a-number": "no-value",
  "no-report": "no-value",
  "no-such-series": "no-such-series",
  "many-series": "many-series",
  "query-rejected": "query-rejected",
};

/** Reasons of one kind take turns: a server that goes away times out and refuses, a service at night has few requests or none. */
export function unknownKind(reason: UnknownReason): UnknownKind {
  return KINDS[reason];
}

/**
 * What was known at one instant (`at`, epoch ms). Values are in the unit of the query's result.
 * `detail` is for people: why it is unknown, or what a probe saw ("HTTP 503 in 12 ms").
 */
export type Sample = Slot &
  (
    | { readonly at: number; readonly value: number }
    | { readonly at: number; readonly unknown: UnknownReason }
  );

interface Slot {
  readonly detail?: string;
  /** With `aggregate: each`: what each series of the result says. Absent where the result as a whole is unknown. */
  readonly series?: readonly SeriesSample[];
}

/** What one series of a result says: `name` is `{pod="a"}`. */
export interface SeriesSample {
  readonly name: string;
  readonly sample: Sample;
}

export function isKnown(sample: Sample): sample is Extract<Sample, { value: number }> {
  return "value" in sample;
}

/** Of the newest sample of a window that ends unknown. */
export function unknownReason(newest: Sample | undefined): UnknownReason {
  return newest === undefined || isKnown(newest) ? "not-evaluated" : newest.unknown;
}
