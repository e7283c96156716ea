import type { Threshold } from "../rules/policy.ts";
import { breaches } from "../rules/threshold.ts";
import { isKnown, type Sample } from "../signals/sample.ts";

export type Verdict = "breaching" | "healthy" | "unknown";

export function verdictOf(threshold: Pick<Threshold, "op" | "value">, sample: Sample): Verdict {
  if (!isKnown(sample)) return "unknown";
  return breaches(threshold, sample.value) ? "breaching" : "healthy";
}
