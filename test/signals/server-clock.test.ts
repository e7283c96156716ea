import * as fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createPrometheus } from "../../src/signals/prometheus.ts";
import type { Answer, InstantSeries } from "../../src/signals/query.ts";
import { createServerClock, type ServerClockOptions } from "../../src/signals/server-clock.ts";
import { startFakePrometheus } from "../faults/fake-prometheus.ts";
import { startFaultProxy } from "../faults/fault-proxy.ts";
import { sends, stubServer } from "./stub-server.ts";

const TEN = Date.UTC(2026, 2, 2, 10);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A machine here and a server there; a question takes `there` ms to arrive, its answer `back` ms to return. */
function machines(serverAheadMs: number) {
  const time = { elapsed: 0, wall: TEN, server: TEN + serverAheadMs, there: 10, back: 10, down: false };
  const pass = (ms: number): void => {
    time.elapsed += ms;
    time.wall += ms;
    time.server += ms;
  };
  let questions = 0;
  const ask = async (): Promise<Answer<InstantSeries>> => {
    questions += 1;
    await Promise.resolve();
    pass(time.there);
    const at = Math.trunc(time.server);
    pass(time.back);
    const endpoint = "http://prometheus:9090";
    if (time.down) return { ok: false, reason: "unreachable", detail: "connection refused", endpoint };
    return { ok: true, series: [{ labels: {}, at, value: at / 1000 }], endpoint };
  };
  const observe = vi.fn<ServerClockOptions["observe"]>();
  const onSkew = vi.fn<ServerClockOptions["onSkew"]>();
  const clock = createServerClock({
    ask,
    wall: () => time.wall,
    elapsed: () => time.elapsed,
    toleratedMs: () => 15_000,
    observe,
    onSkew,
  });
  return {
    time,
    pass,
    clock,
    observe,
    onSkew,
    questions: () => questions,
    error: () => clock.now() - time.server,
  };
}

/** The answer took 10 ms, which is how much later it may be by then. */
const isWithinTrip = (error: number): boolean => error <= 0 && error >= -12;

describe("trap 10: the server's clock", () => {
  test("is the local one until the server has told its time", async () => {
    const { time, pass, clock } = machines(10 * MINUTE);
    expect(clock.now()).toBe(TEN);
    time.wall += MINUTE;
    pass(1000);
    expect(clock.now()).toBe(TEN + 1000);
    time.down = true;
    await expect(clock.isKnown()).resolves.toBe(false);
  });

  test.each([-10 * MINUTE, -3, 0, 400, 10 * MINUTE])("is known once it did, %d ms away", async (ahead) => {
    const { clock, error } = machines(ahead);
    await expect(clock.isKnown()).resolves.toBe(true);
    expect(isWithinTrip(error())).toBe(true);
  });

  test("is wrong by no more than a round trip, however unevenly that went", async () => {
    const { time, clock, error } = machines(5000);
    Object.assign(time, { there: 900, back: 0 });
    await clock.sync();
    expect(Math.abs(error())).toBeLessThanOrEqual(901);
    Object.assign(time, { there: 0, back: 4 });
    await clock.sync();
    expect(Math.abs(error())).toBeLessThanOrEqual(5);
  });

  test("nor by more when either clock is set, and it does not drift until the next answer", async () => {
    const delay = fc.nat({ max: 3_000 });
    const step = fc.oneof(fc.constant(0), fc.integer({ min: -HOUR, max: HOUR }));
    const answer = fc.record({ there: delay, back: delay, wallStep: step, serverStep: step, pause: delay });
    await fc.assert(
      fc.asyncProperty(step, fc.array(answer, { minLength: 1, maxLength: 20 }), async (ahead, answers) => {
        const { time, pass, clock, error } = machines(ahead);
        for (const { there, back, wallStep, serverStep, pause } of answers) {
          time.wall += wallStep;
          time.server += serverStep;
          Object.assign(time, { there, back });
          await clock.sync();
          const wrongBy = error();
          expect(Math.abs(wrongBy)).toBeLessThanOrEqual(there + back + 3);
          pass(pause);
          expect(error()).toBe(wrongBy);
        }
      }),
    );
  });

  test("comes closer with each answer, never drifts off again, and is never ahead", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(900), fc.nat(900)), { minLength: 1 }), async (trips) => {
        const { time, clock, error } = machines(5000);
        let shortest = Number.POSITIVE_INFINITY;
        for (const [there, back] of trips) {
          Object.assign(time, { there, back });
          await clock.sync();
          shortest = Math.min(shortest, back);
          expect(error()).toBeLessThanOrEqual(0);
          expect(error()).toBeGreaterThanOrEqual(-shortest - 2);
        }
      }),
    );
  });

  test("does not waver with answers that agree", async () => {
    const { time, clock, error } = machines(5000);
    await clock.sync();
    const before = error();
    Object.assign(time, { there: 700, back: 20 });
    await clock.sync();
    expect(error()).toBe(before);
  });

  test("does not move when the clock here is set", async () => {
    const { time, pass, clock, error } = machines(0);
    await clock.sync();
    time.wall += 10 * MINUTE;
    expect(isWithinTrip(error())).toBe(true);
    time.wall -= 30 * MINUTE;
    pass(1000);
    expect(isWithinTrip(error())).toBe(true);
  });

  test("follows when the clock there is set, from the next answer on", async () => {
    const { time, clock, error } = machines(0);
    await clock.sync();
    time.server -= 5 * MINUTE;
    await clock.sync();
    expect(Math.abs(error())).toBeLessThanOrEqual(22);
  });

  test("runs on while nobody answers", async () => {
    const { time, pass, clock, error } = machines(7 * MINUTE);
    await clock.sync();
    time.down = true;
    pass(20 * MINUTE);
    await clock.sync();
    expect(isWithinTrip(error())).toBe(true);
  });

  test("is asked for once, however many want to know", async () => {
    const { clock, questions } = machines(0);
    await Promise.all([clock.isKnown(), clock.isKnown(), clock.sync()]);
    expect(questions()).toBe(1);
    await clock.isKnown();
    expect(questions()).toBe(1);
  });

  test("too far from the one here is told once, and once when that is over", async () => {
    const { time, clock, observe, onSkew } = machines(15_000);
    await clock.sync();
    expect(observe).toHaveBeenLastCalledWith(expect.closeTo(15_000, -2));
    expect(onSkew).not.toHaveBeenCalled();
    time.server += 1000;
    await clock.sync();
    await clock.sync();
    expect(onSkew.mock.calls).toEqual([[expect.closeTo(16_000, -2), "too-large"]]);
    time.wall += 20_000;
    await clock.sync();
    expect(onSkew.mock.lastCall).toEqual([expect.closeTo(-4000, -2), "tolerable"]);
    time.wall += 20_000;
    await clock.sync();
    expect(onSkew.mock.lastCall).toEqual([expect.closeTo(-24_000, -2), "too-large"]);
  });
});

describe("over the wire", () => {
  function clockOf(url: string) {
    const prometheus = createPrometheus({ urls: [url], timeoutMs: 20_000 });
    onTestFinished(prometheus.close);
    return createServerClock({
      ask: prometheus.clock,
      wall: Date.now,
      elapsed: () => performance.now(),
      toleratedMs: () => 15_000,
      observe: () => undefined,
      onSkew: () => undefined,
    });
  }

  test("a server ten minutes ahead, on a slow line", async () => {
    const fake = await startFakePrometheus(
      () => undefined,
      () => Date.now() + 10 * MINUTE,
    );
    onTestFinished(fake.close);
    const proxy = await startFaultProxy(fake.url);
    onTestFinished(proxy.close);
    proxy.set({ kind: "delay", ms: 200 });
    const clock = clockOf(proxy.url);
    const asked = performance.now();
    await expect(clock.isKnown()).resolves.toBe(true);
    const tripMs = performance.now() - asked;
    expect(Math.abs(clock.now() - (Date.now() + 10 * MINUTE))).toBeLessThan(tripMs + 50);
  });

  test("VictoriaMetrics: the instant of the answer counts, not the value, which may be of 30 s ago", async () => {
    const at = Math.trunc(Date.now() / 1000) + 100;
    const result = [{ metric: {}, value: [at, String(at - 30)] }];
    const body = { status: "success", isPartial: false, data: { resultType: "vector", result } };
    const clock = clockOf(await stubServer(sends(200, JSON.stringify(body))));
    await clock.sync();
    expect(Math.abs(clock.now() - at * 1000)).toBeLessThan(10_000);
  });

  test("garbage tells no time", async () => {
    const clock = clockOf(await stubServer(sends(200, "<html>")));
    await expect(clock.isKnown()).resolves.toBe(false);
  });
});
