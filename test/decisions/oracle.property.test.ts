import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advance, emptyTrack, pastWindowMs, reaches, type Track } from "../../src/decisions/track.ts";
import type { TrackContext } from "../../src/decisions/track-status.ts";
import { type Blame, blame } from "../../src/releases/blame.ts";
import type { Release } from "../../src/releases/release.ts";
import type { Sample } from "../../src/signals/sample.ts";
import { metricTrigger, release as aRelease, SECOND, TEN } from "../support/model.ts";
import { oracleBlame, oracleFiresAt, oracleState, type World } from "./oracle.ts";

const SLOTS = 70;

/** Mutation tests ask the same thing a thousand times: less of it will do, and it must not depend on luck. */
const SHARE = Number(process.env["PROPERTY_SHARE"] ?? 1);
const runs = (count: number) => ({ numRuns: Math.ceil(count * SHARE), ...(SHARE < 1 && { seed: 1 }) });

/** With the long one, what was before a release can be more than an hour old. */
const arbitraryInterval = fc.constantFrom(15 * SECOND, 120 * SECOND);

const arbitraryTrigger = (intervalMs: number) =>
  fc
    .record({
      slots: fc.constantFrom(0, 1, 1.3, 2, 4, 5, 8, 10),
      minCoverage: fc.constantFrom(0.5, 0.7, 0.8, 1),
      breachRatio: fc.constantFrom(0.5, 0.8, 1),
      gaps: fc.constantFrom(0, 0.2, 0.5),
      rangeMs: fc.constantFrom(0, 20, 60).map((seconds) => seconds * SECOND),
    })
    .map(({ slots, gaps, ...rest }) => {
      const forMs = Math.round(slots * intervalMs);
      return metricTrigger({ ...rest, forMs, maxGapMs: forMs * gaps });
    });

/** Long runs, because random single slots almost never make a window. */
const arbitraryMarks = fc
  .array(
    fc.oneof(
      {
        weight: 9,
        arbitrary: fc.tuple(fc.constantFrom("!", "!", ".", "?"), fc.integer({ min: 1, max: 12 })),
      },
      { weight: 1, arbitrary: fc.tuple(fc.constant("?"), fc.integer({ min: 20, max: 40 })) },
    ),
    { minLength: SLOTS, maxLength: SLOTS },
  )
  .map((runs) => runs.flatMap(([mark, length]) => Array.from({ length }, () => mark)).slice(0, SLOTS));

interface Ship {
  /** In slots, with fractions. */
  readonly started: number;
  readonly clockAfterMs: number | undefined;
  /** Slots until the daemon sees it. */
  readonly lag: number;
}

const arbitraryShips = fc.array(
  fc.record({
    started: fc.integer({ min: 0, max: SLOTS * 4 }).map((quarters) => quarters / 4),
    clockAfterMs: fc.option(fc.integer({ min: 0, max: 90 * SECOND }), { nil: undefined }),
    lag: fc.integer({ min: 0, max: 8 }),
  }),
  { maxLength: 2 },
);

const mark = (world: World, index: number): Sample => {
  const at = world.origin + index * world.intervalMs;
  const seen = world.marks[index] ?? "?";
  return seen === "?" ? { at, unknown: "unreachable" } : { at, value: seen === "!" ? 0.2 : 0.01 };
};

/** The releases as the daemon would learn of them, oldest first. */
function releasesOf(
  ships: readonly Ship[],
  { origin, intervalMs }: World,
): readonly (Release & { seenAt: number })[] {
  const inOrder = ships.toSorted((a, b) => a.started - b.started);
  return inOrder.map((ship, index) => {
    const startedAt = origin + ship.started * intervalMs;
    const clockAt = ship.clockAfterMs === undefined ? undefined : startedAt + ship.clockAfterMs;
    const release = aRelease({ id: `release-${index}`, startedAt, clockAt });
    return Object.assign(release, { seenAt: startedAt + ship.lag * intervalMs });
  });
}

interface Run {
  readonly world: World;
  readonly ships: readonly Ship[];
  /** Slots at which nothing ran; the next pass brings them along. */
  readonly late: ReadonlySet<number>;
  /** Slots before which the daemon lost its memory. */
  readonly restarts: ReadonlySet<number>;
}

interface Pass {
  readonly slot: number;
  readonly track: Track;
  readonly release: (Release & { seenAt: number }) | undefined;
}

/** Drives the tracks the way the daemon does: fold what is new, fold again what memory does not reach. */
function live({ world, ships, late, restarts }: Run): readonly Pass[] {
  const releases = releasesOf(ships, world);
  const { intervalMs } = world;
  const passes: Pass[] = [];
  let track: Track | undefined;
  let next = 0;
  for (let slot = 0; slot < world.marks.length; slot += 1) {
    if (late.has(slot)) continue;
    const at = world.origin + slot * intervalMs;
    const release = releases.findLast(({ seenAt }) => seenAt <= at);
    const context: TrackContext = { trigger: world.trigger, intervalMs, release };
    const again = track === undefined || restarts.has(slot) || (release && !reaches(track, release));
    const from = again ? 0 : next;
    const samples = Array.from({ length: slot - from + 1 }, (_, index) => mark(world, from + index));
    track = advance(again || !track ? emptyTrack(context, at) : track, context, at, samples);
    next = slot + 1;
    passes.push({ slot, track, release });
  }
  return passes;
}

const arbitraryRun = fc.record({
  world: arbitraryInterval.chain((intervalMs) =>
    fc.record({
      marks: arbitraryMarks,
      trigger: arbitraryTrigger(intervalMs),
      intervalMs: fc.constant(intervalMs),
      origin: fc.constant(TEN),
    }),
  ),
  ships: arbitraryShips,
  late: fc.array(fc.integer({ min: 0, max: SLOTS }), { maxLength: 25 }).map((all) => new Set(all)),
  restarts: fc.array(fc.integer({ min: 0, max: SLOTS }), { maxLength: 4 }).map((all) => new Set(all)),
});

/** What kind of slot the blame goes by. */
function ageOf({ basis: { before } }: Blame, { startedAt }: Release, windowMs: number): string {
  if (before === undefined) return "nothing before";
  if (startedAt - before.at <= windowMs) return `new and ${before.verdict}`;
  return before.firing ? "old and firing" : "old";
}

describe("over random series, gaps, restarts, late passes and releases", () => {
  const firingSeen = { states: 0, blames: new Set<string>() };

  test("every state is what the brute-force oracle says", () => {
    fc.assert(
      fc.property(arbitraryRun, (run) => {
        for (const { slot, track } of live(run)) {
          const expected = oracleState(run.world, slot);
          expect({ slot, state: track.status.state }).toEqual({ slot, state: expected });
          if (expected === "firing") firingSeen.states += 1;
        }
      }),
      runs(1_500),
    );
    expect(firingSeen.states).toBeGreaterThan(1_000 * SHARE);
  });

  test("every release is blamed exactly when the oracle blames it", () => {
    fc.assert(
      fc.property(arbitraryRun, (run) => {
        const { trigger, intervalMs } = run.world;
        for (const { slot, track, release } of live(run)) {
          if (track.status.state !== "firing" || !release || !track.basis) continue;
          const { from } = track.status.window;
          const windowMs = pastWindowMs(trigger, intervalMs);
          const found = blame(release, track.basis, { from, rangeMs: trigger.rangeMs, windowMs });
          const expected = oracleBlame(run.world, release, slot);
          expect({ slot, blame: found.verdict }).toEqual({ slot, blame: expected });
          firingSeen.blames.add(`${expected}, ${ageOf(found, release, windowMs)}`);
        }
      }),
      runs(3_000),
    );
    // The rarest of the others, a window that began before a release into good health, does not come up in every run.
    const ages = ["nothing before", "new and healthy", "new and breaching", "old", "old and firing"];
    const rare = "window-before-release, new and healthy";
    const kinds = [
      ...ages.map((age) => `blamed, ${age}`),
      ...ages.filter((age) => /breaching|firing/.test(age)).map((age) => `breach-predates-release, ${age}`),
      ...ages.map((age) => `window-before-release, ${age}`),
    ].filter((kind) => kind !== rare);
    expect([...firingSeen.blames].filter((kind) => kind !== rare).toSorted()).toEqual(kinds.toSorted());
  });

  test("time to fire is the earliest slot at which it would", () => {
    fc.assert(
      fc.property(arbitraryRun, (run) => {
        for (const { slot, track } of live({ ...run, ships: [] })) {
          if (track.status.state !== "pending") continue;
          const expected = run.world.origin + oracleFiresAt(run.world, slot) * run.world.intervalMs;
          expect({ slot, firesAt: track.status.firesAt }).toEqual({ slot, firesAt: expected });
        }
      }),
      runs(300),
    );
  });

  test("many slots at once give what slot after slot would have given", () => {
    let firedBefore = 0;
    fc.assert(
      fc.property(arbitraryRun, fc.integer({ min: 0, max: SLOTS }), ({ world, ships }, known) => {
        const release = releasesOf(ships, world).at(0);
        const { trigger, intervalMs } = world;
        const context: TrackContext = { trigger, intervalMs, release };
        const stepwise = (track: Track, samples: readonly Sample[]): Track =>
          samples.reduce((so, sample) => advance(so, context, sample.at, [sample]), track);
        const all = world.marks.map((_, index) => mark(world, index));
        const before = stepwise(emptyTrack(context, world.origin), all.slice(0, known));
        const fresh = all.slice(known);
        const at = fresh.at(-1)?.at ?? before.status.at;
        const atOnce = advance(before, context, at, fresh);
        expect(atOnce).toEqual(stepwise(before, fresh));
        if (atOnce.status.state !== "firing" && atOnce.proof.lastFiringAt !== undefined) firedBefore += 1;
      }),
      runs(1_000),
    );
    expect(firedBefore).toBeGreaterThan(50 * SHARE);
  });
});
