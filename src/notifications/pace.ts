import type { ChannelName } from "../rules/policy.ts";
import type { NotificationEvent } from "../log/record.ts";

/** How much a channel may be told: `burst` at once, then one each `everyMs`; `atOnce` under way at a time. */
export interface Pace {
  readonly burst: number;
  readonly everyMs: number;
  readonly atOnce: number;
}

/** What the receivers document, or less. */
export const PACES: Readonly<Record<ChannelName, Pace>> = {
  // One a second; of more at once Slack does not promise that they are shown.
  slack: { burst: 1, everyMs: 1000, atOnce: 4 },
  // 120 a minute and routing key: 20 + 60 s / 600 ms.
  pagerduty: { burst: 20, everyMs: 600, atOnce: 4 },
  // 60 requests a minute and API key; a message takes two, one to look and one to write.
  statuspage: { burst: 1, everyMs: 2000, atOnce: 1 },
  // Nobody knows who that is.
  webhook: { burst: 20, everyMs: 200, atOnce: 4 },
};

/** Instants are milliseconds of one clock that never goes back. */
export interface Turnstile {
  /** When the next turn would be due if all were taken one `everyMs` apart. */
  readonly dueAt: number;
  /** The channel asked to be left alone until then. */
  readonly closedUntil: number;
  readonly underWay: number;
}

export const OPEN: Turnstile = {
  dueAt: Number.NEGATIVE_INFINITY,
  closedUntil: Number.NEGATIVE_INFINITY,
  underWay: 0,
};

/** When the next turn may be taken; undefined until one of those under way has ended. */
export function opensAt({ dueAt, closedUntil, underWay }: Turnstile, pace: Pace): number | undefined {
  return underWay >= pace.atOnce ? undefined : Math.max(closedUntil, dueAt - (pace.burst - 1) * pace.everyMs);
}

export function taken(turnstile: Turnstile, pace: Pace, now: number): Turnstile {
  return {
    ...turnstile,
    dueAt: Math.max(turnstile.dueAt, now) + pace.everyMs,
    underWay: turnstile.underWay + 1,
  };
}

/** `notBeforeMs`: how long the channel asked to be left alone. */
export function ended(turnstile: Turnstile, now: number, notBeforeMs = 0): Turnstile {
  return {
    ...turnstile,
    closedUntil: Math.max(turnstile.closedUntil, now + notBeforeMs),
    underWay: turnstile.underWay - 1,
  };
}

const RANKS: Readonly<Record<NotificationEvent, number>> = { trigger: 0, resolve: 1, info: 2 };

/** The most urgent of several messages; what waits in an incident before its page goes as the page itself. */
export function rankOf(events: readonly NotificationEvent[]): number {
  return Math.min(...events.map((event) => RANKS[event]), RANKS.info);
}

/** Pages first, ends of incidents next; among equals whoever came first. */
export function firstOf<Waiting extends { readonly rank: () => number }>(
  waiting: readonly Waiting[],
): Waiting | undefined {
  return waiting
    .map((one) => ({ one, rank: one.rank() }))
    .reduce<{ one: Waiting; rank: number } | undefined>(
      (first, next) => (first === undefined || next.rank < first.rank ? next : first),
      undefined,
    )?.one;
}
