import { expect, it } from "vitest";
import { repeat, type Try } from "../../src/retry/repeat.ts";

/** A clock that only pauses move; `pauses` are those that were made, in ms. */
function clocked(deadlineAt: number) {
  let now = 0;
  const pauses: number[] = [];
  const stopping = new AbortController();
  const options = {
    backoff: { initialDelay: 100, maxDelay: 1_000 },
    deadlineAt,
    now: () => now,
    signal: stopping.signal,
    pause: async (ms: number) => {
      pauses.push(ms);
      now += ms;
    },
  };
  return { options, pauses, stop: () => stopping.abort(), now: () => now };
}

const again: Try<never> = { kind: "again" };

it("repeat gives the first result and makes no further try", async () => {
  const { options, pauses } = clocked(10_000);
  const tries: Try<string>[] = [again, again, { kind: "done", result: "applied" }];
  expect(await repeat(async () => tries.shift() ?? again, options)).toEqual({
    kind: "done",
    result: "applied",
  });
  expect(pauses).toHaveLength(2);
});

it("repeat makes its last try at the deadline and none after it", async () => {
  const { options, now } = clocked(10_000);
  const at: number[] = [];
  const outcome = await repeat(async () => {
    at.push(now());
    return again;
  }, options);
  expect(outcome).toEqual({ kind: "over" });
  expect(at.at(-1)).toBe(10_000);
  expect(at.length).toBeGreaterThan(10);
});

it("repeat waits at least as long as the other side asked", async () => {
  const { options, pauses } = clocked(10_000);
  const tries: Try<number>[] = [
    { kind: "again", notBeforeMs: 5_000 },
    { kind: "done", result: 1 },
  ];
  await repeat(async () => tries.shift() ?? again, options);
  expect(pauses).toEqual([5_000]);
});

it("repeat gives up at once when the other side asks to come back after the deadline", async () => {
  const { options, pauses } = clocked(10_000);
  expect(await repeat(async () => ({ kind: "again", notBeforeMs: 10_001 }), options)).toEqual({
    kind: "over",
  });
  expect(pauses).toEqual([]);
});

it("repeat makes one try when the deadline is over before it begins", async () => {
  const { options } = clocked(-1);
  expect(await repeat(async () => ({ kind: "done", result: 1 }), options)).toEqual({
    kind: "done",
    result: 1,
  });
  expect(await repeat(async () => again, options)).toEqual({ kind: "over" });
});

it("repeat pauses as long as was asked when nothing was tried, and its backoff does not grow by that", async () => {
  const { options, pauses } = clocked(100_000);
  const waits = Array.from({ length: 20 }, (): Try<number> => ({ kind: "wait", pauseMs: 7 }));
  const tries: Try<number>[] = [...waits, again, { kind: "done", result: 1 }];
  await repeat(async () => tries.shift() ?? again, options);
  expect(pauses.slice(0, 20)).toEqual(waits.map(() => 7));
  expect(pauses[20]).toBeLessThan(400);
});

it("repeat stops without a result when its signal is aborted", async () => {
  const { options, stop } = clocked(10_000);
  const outcome = await repeat(async () => {
    stop();
    return again;
  }, options);
  expect(outcome).toEqual({ kind: "stopped" });
});
