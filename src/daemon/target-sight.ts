import type { Logger } from "pino";
import { formatDuration, formatInstant } from "../text/format.ts";
import type { Lookup } from "../releases/watch.ts";
import { type Policy, targetKey } from "../rules/policy.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** A watch that breaks off is resumed within seconds. */
export const STALE_AFTER_MS = 30_000;

interface TargetSightPorts {
  readonly metrics: Pick<Metrics, "targetStale">;
  readonly logger: Logger;
}

/**
 * Keeps an eye on whether the target of a policy is seen as it is now: how long it has not been is a metric, and that
 * this lasts is logged once, and once that it is over. To be called at every slot.
 */
export function watchTargetSight(
  policy: Policy,
  { metrics, logger }: TargetSightPorts,
): (lookup: Lookup, at: number) => void {
  let since: number | undefined;
  let isLogged = false;
  const about = { policy: policy.name, target: targetKey(policy) };
  return (lookup, at) => {
    const before = since;
    since = lookup.ok ? lookup.stale?.since : (before ?? at);
    const staleMs = since === undefined ? 0 : Math.max(0, at - since);
    metrics.targetStale.set({ policy: policy.name }, staleMs / 1000);
    if (since === undefined) {
      if (isLogged) logger.info(about, againSentence(at - (before ?? at)));
      isLogged = false;
    } else if (staleMs >= STALE_AFTER_MS && !isLogged) {
      isLogged = true;
      logger.warn({ ...about, since: new Date(since).toISOString() }, longSentence(lookup, since, staleMs));
    }
  };
}

function longSentence(lookup: Lookup, since: number, staleMs: number): string {
  const why = lookup.ok ? (lookup.stale?.detail ?? "") : lookup.detail;
  return (
    `the target has been out of sight for ${inSeconds(staleMs)}, since ${formatInstant(since)}: ${why} ` +
    "New releases are not seen until then, and nothing is done to a target that cannot be read; check the API server " +
    "(for a script target: Prometheus), the way to it and the names in the policy; it is tried again all the time"
  );
}

function againSentence(staleMs: number): string {
  return `the target is in sight again after ${inSeconds(staleMs)}; what was released since then is taken up now`;
}

/** In whole seconds. */
export function inSeconds(ms: number): string {
  return formatDuration(Math.floor(ms / 1000) * 1000);
}
