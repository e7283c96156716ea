import type { Release } from "../releases/release.ts";
import type { Trigger } from "../rules/policy.ts";

/**
 * How far the clock that a trigger's slots are told by is ahead of the one here, in ms, where `skewMs` is how far
 * Prometheus's is. Probes and rollouts are looked at by this machine's own.
 */
export function aheadMs({ kind }: Pick<Trigger, "kind">, skewMs: number): number {
  return kind === "metric" ? skewMs : 0;
}

interface Skewed {
  readonly trigger: Pick<Trigger, "kind">;
  readonly skewMs: number;
  readonly intervalMs: number;
}

/**
 * The release as a trigger's slots see it. Where their clock is ahead by more than an interval, a breach from before the
 * release would look like one of its own: the release is taken to begin as late as either clock can mean. Too
 * late is the safe side: what it then seems to have found is escalated and not rolled back.
 */
export function onTriggerClock(release: Release, { trigger, skewMs, intervalMs }: Skewed): Release {
  const ahead = aheadMs(trigger, skewMs);
  if (ahead <= intervalMs) return release;
  const { startedAt, clockAt } = release;
  return {
    ...release,
    startedAt: startedAt + ahead,
    clockAt: clockAt === undefined ? undefined : clockAt + ahead,
  };
}
