import { array, assert, constant, integer, nat, property, record } from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { NotificationEvent } from "../../src/log/record.ts";
import { createCourier } from "../../src/notifications/courier.ts";
import { createLanes } from "../../src/notifications/lanes.ts";
import type { Message } from "../../src/notifications/message.ts";
import {
  ended,
  firstOf,
  OPEN,
  opensAt,
  PACES,
  type Pace,
  rankOf,
  taken,
} from "../../src/notifications/pace.ts";

const SECOND = 1000;

/** When `count` messages that are there at once go out, each answered at once. */
function instants(pace: Pace, count: number): readonly number[] {
  let turnstile = OPEN;
  let now = 0;
  return Array.from({ length: count }, () => {
    now = Math.max(now, opensAt(turnstile, pace) ?? Number.NaN);
    turnstile = ended(taken(turnstile, pace, now), now);
    return now;
  });
}

const within = (at: readonly number[], from: number, spanMs: number): number =>
  at.filter((one) => one >= from && one < from + spanMs).length;

describe("a burst of 500 messages", () => {
  test("reaches Slack one a second", () => {
    const at = instants(PACES.slack, 500);
    expect(at.slice(0, 3)).toEqual([0, 1000, 2000]);
    expect(Math.max(...at.map((from) => within(at, from, SECOND)))).toBe(1);
  });

  test("reaches PagerDuty with at most 120 in any minute, the first twenty at once", () => {
    const at = instants(PACES.pagerduty, 500);
    expect(within(at, 0, 1)).toBe(20);
    expect(Math.max(...at.map((from) => within(at, from, 60 * SECOND)))).toBeLessThanOrEqual(120);
  });
});

test("whatever the pace and whenever messages come, no span holds more than its burst and what it earns", () => {
  const pace = record({
    burst: integer({ min: 1, max: 20 }),
    everyMs: integer({ min: 1, max: 5000 }),
    atOnce: constant(4),
  });
  assert(
    property(pace, array(nat(3000), { maxLength: 200 }), nat(60_000), (by, gaps, span) => {
      let turnstile = OPEN;
      let now = 0;
      const at = gaps.map((gap) => {
        now = Math.max(now + gap, opensAt(turnstile, by) ?? Number.NaN);
        turnstile = ended(taken(turnstile, by, now), now);
        return now;
      });
      const most = by.burst + Math.ceil(span / by.everyMs);
      at.forEach((from) => expect(within(at, from, span)).toBeLessThanOrEqual(most));
    }),
  );
});

test("nothing more is begun while as many are under way as the channel may have", () => {
  const pace = { burst: 9, everyMs: 1, atOnce: 2 };
  const two = taken(taken(OPEN, pace, 0), pace, 0);
  expect(opensAt(two, pace)).toBeUndefined();
  expect(opensAt(ended(two, 5, 30_000), pace)).toBe(30_005);
});

test("pages go first, then ends of incidents; among equals the oldest", () => {
  const waiting = (["info", "resolve", "trigger", "trigger"] as const).map((event, index) => ({
    index,
    rank: () => rankOf([event]),
  }));
  const order: number[] = [];
  for (let first = firstOf(waiting); first !== undefined; first = firstOf(waiting)) {
    order.push(first.index);
    waiting.splice(waiting.indexOf(first), 1);
  }
  expect(order).toEqual([2, 3, 1, 0]);
});

describe("a busy channel", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Everything given in one instant to a channel of one message a second; in the order of arrival. */
  async function sent(...given: readonly (readonly [NotificationEvent, string])[]): Promise<string[]> {
    const arrived: string[] = [];
    const courier = createCourier(
      async ({ event, dedupKey }) => {
        arrived.push(`${event} ${dedupKey}`);
        return { kind: "delivered" };
      },
      {
        now: Date.now,
        backoff: { initialDelay: 1000, maxDelay: 1000 },
        pace: PACES.slack,
        signal: new AbortController().signal,
      },
    );
    const lanes = createLanes({ slack: courier });
    const deliveries = given.map(([event, dedupKey]) =>
      lanes.deliver({ channel: "slack", message: { event, dedupKey } as Message }, Date.now() + 3_600_000),
    );
    await vi.advanceTimersByTimeAsync(given.length * SECOND);
    await Promise.all(deliveries);
    return arrived;
  }

  test("a page does not wait behind a pile of what is good to know", async () => {
    const pile = Array.from({ length: 300 }, (_, index) => ["info", `pile-${index}`] as const);
    const arrived = await sent(...pile, ["trigger", "outage"]);
    expect(arrived).toHaveLength(301);
    // The first of the pile was on its way when the page came.
    expect(arrived.indexOf("trigger outage")).toBe(1);
  });

  test("messages of one incident keep their order, and what is before a page in its incident goes with it", async () => {
    const pile = Array.from({ length: 20 }, (_, index) => ["info", `pile-${index}`] as const);
    const arrived = await sent(...pile, ["info", "api"], ["trigger", "api"], ["resolve", "api"]);
    expect(arrived.slice(1, 4)).toEqual(["info api", "trigger api", "resolve api"]);
  });
});
