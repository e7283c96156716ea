import type { Threshold } from "../rules/policy.ts";
import { isKnown, type Sample } from "../signals/sample.ts";

export type Verdict = "breaching" | "healthy" | "unknown";

/** Strict on both sides: exactly the threshold is healthy. */
export function breaches(threshold: Pick<Threshold, "op" | "value">, value: number): boolean {
  return threshold.op === "above" ? value > threshold.value : value < threshold.value;
}

export function verdictOf(threshold: Pick<Threshold, "op" | "value">, sample: Sample): Verdict {
  if (!isKnown(sample)) return "unknown";
  return breaches(threshold, sample.value) ? "breaching" : "healthy";
}
