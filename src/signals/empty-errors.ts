import { countedSelector, type CountedSelector } from "../rules/promql-selectors.ts";
import { pastSlots } from "./slot-history.ts";

/** What it takes to tell whether an empty `errors` of a ratio means that there were none. */
export interface EmptyErrors {
  /** PromQL that gives something at each slot before which, within one interval, such a series had a sample. */
  readonly kin: string;
  readonly counted: CountedSelector;
}

/** Undefined where `errors` has a shape that can be empty for many reasons. */
export function emptyErrorsOf(errors: string, stepMs: number): EmptyErrors | undefined {
  const counted = countedSelector(errors);
  // Each sample falls into the span of one slot, so a range of slots sees all of them and none twice.
  return counted && { counted, kin: `count(count_over_time(${counted.kin}[${stepMs}ms]))` };
}

const WRITE_ZERO = "if no series means no errors, append `or vector(0)` to errors";

/** For an `errors` that is more than one selector. */
export const UNCLEAR_SHAPE = `errors returned no series, and only for one selector under rate, increase, irate and aggregations is that 0; ${WRITE_ZERO}`;

/** Why an empty `errors` at a slot is not 0; undefined where it is. */
export function whyNotZero(
  { metric, labels }: CountedSelector,
  seen: (slot: number) => number | undefined,
  { slot, stepMs }: { readonly slot: number; readonly stepMs: number },
): string | undefined {
  for (let back = 0; back < Math.max(1, pastSlots(stepMs)); back += 1) {
    if (seen(slot - back * stepMs) !== undefined) return undefined;
  }
  return `errors returned no series, and in the hour before there was no series of ${kind(metric, labels)}; if the counter appears with its first error, append \`or vector(0)\` to errors`;
}

function kind(metric: string, labels: readonly string[]): string {
  const name = metric === "" ? "that name" : metric;
  if (labels.length === 0) return name;
  return `${name} with the ${labels.length === 1 ? "label" : "labels"} ${labels.join(", ")}`;
}
