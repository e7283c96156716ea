import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Delivery } from "../../src/notifications/channel.ts";
import { createCourier } from "../../src/notifications/courier.ts";
import type { Message } from "../../src/notifications/message.ts";

const HOUR = 3_600_000;
const message = { title: "x" } as Message;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A channel that gives these answers and then accepts; `sent` holds the seconds at which it was asked. */
function channel(...answers: readonly Delivery[]) {
  const left = [...answers];
  const start = Date.now();
  const sent: number[] = [];
  const stop = new AbortController();
  const courier = createCourier(
    async () => {
      sent.push((Date.now() - start) / 1000);
      return left.shift() ?? { kind: "delivered" };
    },
    {
      now: Date.now,
      backoff: { initialDelay: 1000, maxDelay: 60_000 },
      pace: { burst: 1, everyMs: 0, atOnce: 4 },
      signal: stop.signal,
    },
  );
  return { courier, sent, stop };
}

const busy: Delivery = { kind: "retry", error: "answered 503" };

test("trap 31: told to come back in 30 seconds, one attempt is made, not before", async () => {
  const { courier, sent } = channel({ ...busy, notBeforeMs: 30_000 });
  const outcome = courier(message, Date.now() + HOUR);
  await vi.advanceTimersByTimeAsync(29_900);
  expect(sent).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await outcome).toEqual({ kind: "delivered", attempts: 2 });
  expect(sent[1]).toBeGreaterThanOrEqual(30);
});

test("trap 31: what a channel asks for holds for every other message too", async () => {
  const { courier, sent } = channel({ ...busy, notBeforeMs: 30_000 });
  const first = courier(message, Date.now() + HOUR);
  await vi.advanceTimersByTimeAsync(1000);
  const second = courier(message, Date.now() + HOUR);
  await vi.advanceTimersByTimeAsync(120_000);
  await Promise.all([first, second]);
  expect(sent).toHaveLength(3);
  expect(sent.slice(1).every((at) => at >= 30)).toBe(true);
});

test("trap 31: failures that may pass are retried at growing distances until the deadline", async () => {
  const { courier, sent } = channel(...Array.from({ length: 1000 }, () => busy));
  const outcome = courier(message, Date.now() + HOUR);
  await vi.advanceTimersByTimeAsync(HOUR + 1000);
  expect(await outcome).toMatchObject({ kind: "failed", error: "answered 503", attempts: sent.length });
  expect(sent.length).toBeGreaterThan(30);
  expect(sent.length).toBeLessThan(90);
  expect(sent.at(-1)).toBeLessThanOrEqual(3600);
});

test("a permanent failure is not tried again", async () => {
  const { courier, sent } = channel({ kind: "permanent", error: "answered 404" });
  const outcome = await courier(message, Date.now() + HOUR);
  expect(outcome).toEqual({ kind: "failed", attempts: 1, error: "answered 404" });
  expect(sent).toHaveLength(1);
});

test("told to come back after the deadline, it gives up at once", async () => {
  const { courier } = channel({ ...busy, notBeforeMs: 2 * HOUR });
  expect(await courier(message, Date.now() + HOUR)).toMatchObject({ kind: "failed", attempts: 1 });
});

test("a message whose deadline passed while the daemon was down gets one attempt", async () => {
  const { courier } = channel();
  expect(await courier(message, Date.now() - HOUR)).toEqual({ kind: "delivered", attempts: 1 });
});

test("the end of the daemon ends the waiting, and the message stays to be delivered", async () => {
  const { courier, stop } = channel({ ...busy, notBeforeMs: 30_000 });
  const outcome = courier(message, Date.now() + HOUR);
  await vi.advanceTimersByTimeAsync(10);
  stop.abort();
  expect(await outcome).toEqual({ kind: "stopped" });
});
