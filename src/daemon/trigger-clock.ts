import type { Trigger } from "../rules/policy.ts";

/**
 * How far the clock that a trigger's slots are told by is ahead of the one here, in ms, where `skewMs` is how far
 * Prometheus's is. Probes and rollouts are looked at by this machine's own.
 */
export function aheadMs({ kind }: Pick<Trigger, "kind">, skewMs: number): number {
  return kind === "metric" ? skewMs : 0;
}
