import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { InstantQuery, RangeQuery } from "../../src/signals/query.ts";
import { createSampler, type Measurable } from "../../src/signals/sampler.ts";
import { createUsualMaxAge } from "../../src/signals/sample-rhythm.ts";
import { whyStale } from "../../src/signals/staleness.ts";
import { HOUR, INTERVAL, MINUTE, SECOND, TEN } from "../support/model.ts";

const threshold = { op: "above", value: 0.05, text: "5%" } as const;

describe("the age that samples may have when the rule does not say", () => {
  test.each([
    ["two minutes before anything is known", [], 2 * MINUTE],
    ["two minutes with two gaps", [0, 15, 30], 2 * MINUTE],
    ["twice the time between samples with three", [0, 15, 30, 45], 30 * SECOND],
    ["not lengthened by one outage", [0, 15, 30, 45, 645, 660], 30 * SECOND],
    ["lengthened by a second gap of its kind", [0, 15, 30, 90, 105, 165], 2 * MINUTE],
    ["the same for instants that came twice, or in another order", [30, 0, 0, 45, 15, 30], 30 * SECOND],
    ["ten minutes for a recording rule every five", [0, 300, 600, 900], 10 * MINUTE],
  ])("is %s", (_, seconds, ms) => {
    const stampAt = (slot: number) => {
      const second = seconds[(slot - TEN) / INTERVAL];
      return second === undefined ? undefined : second * SECOND;
    };
    expect(createUsualMaxAge(stampAt, INTERVAL)(TEN + 20 * INTERVAL)).toBe(ms);
  });
});

test("that age is the same in whatever order slots are asked about", () => {
  const order = fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 40 });
  const stamps = fc.array(fc.option(fc.integer({ min: 0, max: 60 })), { minLength: 600, maxLength: 600 });
  fc.assert(
    fc.property(order, stamps, (order, stamps) => {
      const stampAt = (slot: number) => stamps[(slot - TEN) / INTERVAL] ?? undefined;
      const inTurn = createUsualMaxAge(stampAt, INTERVAL);
      for (const index of order) {
        const slot = TEN + index * INTERVAL;
        expect(inTurn(slot)).toBe(createUsualMaxAge(stampAt, INTERVAL)(slot));
      }
    }),
    { numRuns: 10 },
  );
});

describe("a selector at a slot", () => {
  const ofAge = (ageMs: number | undefined, meantMs = 0) => {
    const stampAt = () => (ageMs === undefined ? undefined : TEN - ageMs);
    return whyStale({ text: "load", meantMs, stampAt, maxAgeMs: () => MINUTE }, TEN);
  };

  test("is stale when its newest sample is older than it may be, and not when it is exactly as old", () => {
    expect(ofAge(MINUTE)).toBeUndefined();
    expect(ofAge(MINUTE + 1)).toMatch(/^the newest sample of load is .+ old, and maxSampleAge is 1 min$/);
  });

  test("is not stale when nothing matches", () => {
    expect(ofAge(undefined)).toBeUndefined();
  });

  test("may be older by its offset", () => {
    expect(ofAge(6 * MINUTE, 5 * MINUTE)).toBeUndefined();
    expect(ofAge(6 * MINUTE + 1, 5 * MINUTE)).toBeDefined();
  });
});

/** Prometheus for one series: samples at given instants, which its lookback of five minutes keeps alive. */
function lookingBack(samples: readonly number[]): { instant: InstantQuery; range: RangeQuery } {
  const newestAt = (at: number) => samples.findLast((when) => when <= at && when > at - 5 * MINUTE);
  const valueAt = (expr: string, at: number): number | undefined => {
    const offsetMs = Number(/offset (\d+)ms/.exec(expr)?.[1] ?? (expr.includes("offset 1m") ? MINUTE : 0));
    const newest = newestAt(at - offsetMs);
    if (newest === undefined) return undefined;
    return expr.startsWith("max(timestamp(") ? newest / 1000 : 0.2;
  };
  return {
    instant: async (expr, at) => {
      const value = valueAt(expr, at);
      return { ok: true, endpoint: "a", series: value === undefined ? [] : [{ labels: {}, at, value }] };
    },
    range: async (expr, { from, to, stepMs }) => {
      const points: { at: number; value: number }[] = [];
      for (let at = from; at <= to; at += stepMs) {
        const value = valueAt(expr, at);
        if (value !== undefined) points.push({ at, value });
      }
      return { ok: true, endpoint: "a", series: points.length === 0 ? [] : [{ labels: {}, points }] };
    },
  };
}

/** The rule said a second time: from all samples, for one slot. */
function oracle(samples: readonly number[], slot: number, offsetMs: number, maxAgeMs: number | undefined) {
  const newestAt = (at: number) =>
    samples.findLast((when) => when <= at - offsetMs && when > at - offsetMs - 5 * MINUTE);
  const newest = newestAt(slot);
  if (newest === undefined) return "no-data";
  const seen = new Set<number>();
  for (let at = slot - HOUR; at <= slot; at += INTERVAL) seen.add(newestAt(at) ?? -1);
  seen.delete(-1);
  const instants = [...seen].sort((a, b) => a - b);
  const gaps = instants.slice(1).map((instant, index) => instant - (instants[index] ?? 0));
  gaps.sort((a, b) => a - b);
  const usual = gaps.length < 3 ? 2 * MINUTE : 2 * (gaps.at(-2) ?? 0);
  return slot - newest - offsetMs > (maxAgeMs ?? usual) ? "stale" : "known";
}

test("trap 17: ages judge slots live, after a restart and from history as the rule says", async () => {
  const met = new Set<string>();
  const rhythm = fc.array(
    fc.tuple(fc.constantFrom(5, 15, 15, 60, 60, 90, 240, 280, 700), fc.integer({ min: 1, max: 30 })),
    { minLength: 3, maxLength: 12 },
  );
  const arbitrary = fc.record({
    rhythm,
    phase: fc.integer({ min: 0, max: 60_000 }),
    offset: fc.boolean(),
    maxSampleAgeMs: fc.option(fc.constantFrom(20 * SECOND, 2 * MINUTE), { nil: undefined }),
    first: fc.integer({ min: 0, max: 300 }),
    restart: fc.integer({ min: 1, max: 20 }),
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ rhythm, phase, offset, maxSampleAgeMs, first, restart }) => {
      const samples: number[] = [];
      let next = TEN - HOUR + phase;
      for (const [gap, count] of rhythm) {
        for (let index = 0; index < count; index += 1) samples.push((next += gap * SECOND));
      }
      const trigger: Measurable = {
        query: { kind: "expr", expr: offset ? "load offset 1m" : "load" },
        threshold,
        aggregate: undefined,
        ...(maxSampleAgeMs !== undefined && { maxSampleAgeMs }),
      };
      const slots = Array.from({ length: 40 }, (_, index) => TEN - HOUR + (first + index) * INTERVAL);
      const live: unknown[] = [];
      let sampler = createSampler(lookingBack(samples), INTERVAL);
      for (const [index, at] of slots.entries()) {
        if (index % restart === 0) sampler = createSampler(lookingBack(samples), INTERVAL);
        live.push(...(await sampler.sampleAt(trigger, at)).samples);
      }
      const grid = { from: slots[0] ?? TEN, to: slots.at(-1) ?? TEN, stepMs: INTERVAL };
      const replayed = await createSampler(lookingBack(samples), INTERVAL).sampleRange(trigger, grid);
      expect(replayed.samples).toEqual(live);
      const said = replayed.samples.map((sample) => ("value" in sample ? "known" : sample.unknown));
      expect(said).toEqual(slots.map((at) => oracle(samples, at, offset ? MINUTE : 0, maxSampleAgeMs)));
      for (const each of said) met.add(each);
    }),
    { numRuns: 60 },
  );
  expect(met).toEqual(new Set(["known", "stale", "no-data"]));
});
