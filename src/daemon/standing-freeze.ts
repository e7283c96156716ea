import type { Freeze } from "../decisions/freeze.ts";
import type { StandingFreeze } from "./commands.ts";

/** A freeze as answers and records show it. */
export function standingFreeze({ by, at, untilMs, note }: Freeze): StandingFreeze {
  return {
    holder: by,
    at: new Date(at).toISOString(),
    ...(untilMs !== undefined && { until: new Date(untilMs).toISOString() }),
    ...(note !== undefined && { note }),
  };
}
