import type { Threshold } from "./policy.ts";

/** Strict on both sides: exactly the threshold is healthy. */
export function breaches({ op, value: limit }: Pick<Threshold, "op" | "value">, value: number): boolean {
  return op === "above" ? value > limit : value < limit;
}
