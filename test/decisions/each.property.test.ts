import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advance, emptyTrack, type Track } from "../../src/decisions/track.ts";
import type { TrackContext } from "../../src/decisions/track-status.ts";
import type { MetricTrigger } from "../../src/rules/policy.ts";
import { eachSlots } from "../support/each-slots.ts";
import { INTERVAL, metricTrigger, release, SECOND, TEN } from "../support/model.ts";
import { oracleState } from "./oracle.ts";

const SLOTS = 60;
const PODS = ["a", "b", "c"] as const;

const SHARE = Number(process.env["PROPERTY_SHARE"] ?? 1);
const runs = (count: number) => ({ numRuns: Math.ceil(count * SHARE), ...(SHARE < 1 && { seed: 1 }) });

const arbitraryTrigger = fc
  .record({
    forMs: fc.constantFrom(0, 15, 20, 60, 75, 120).map((seconds) => seconds * SECOND),
    minCoverage: fc.constantFrom(0.5, 0.8, 1),
    breachRatio: fc.constantFrom(0.5, 1),
    gaps: fc.constantFrom(0, 0.2, 0.5),
  })
  .map(({ gaps, ...rest }) => metricTrigger({ ...rest, aggregate: "each", maxGapMs: rest.forMs * gaps }));

/** Mostly long runs; now and then no answer for anything. */
const arbitraryPicture = fc
  .array(
    fc.tuple(fc.constantFrom("!", "!", "!", ".", ".", "-", "-", "?", "#"), fc.integer({ min: 1, max: 14 })),
    { minLength: SLOTS, maxLength: SLOTS },
  )
  .map((parts) =>
    parts
      .map(([mark, length]) => mark.repeat(mark === "#" ? Math.min(2, length) : length))
      .join("")
      .slice(0, SLOTS),
  );

const arbitraryPods = fc.record({ a: arbitraryPicture, b: arbitraryPicture, c: arbitraryPicture });

type Pictures = Readonly<Record<(typeof PODS)[number], string>>;

/** Said a second time, slowly and without memory: the state of each series by itself, then the worst of them. */
function oracleEach(pictures: Pictures, trigger: MetricTrigger, slot: number): string {
  const marksAt = (index: number): readonly string[] => PODS.map((pod) => pictures[pod][index] ?? "-");
  if (marksAt(slot).includes("#") || marksAt(slot).every((mark) => mark === "-")) return "unknown";
  const states = PODS.flatMap((pod) => {
    const marks = [...pictures[pod]].map((mark, index) =>
      mark === "-" || marksAt(index).includes("#") ? "?" : mark,
    );
    if (pictures[pod][slot] === "-" && !isMissed(marks, trigger, slot)) return [];
    return [oracleState({ marks, intervalMs: INTERVAL, trigger, origin: TEN }, slot)];
  });
  const found = new Set(states);
  return ["firing", "pending", "unknown", "inactive"].find((state) => found.has(state)) ?? "none";
}

/** It breached when last known, and a window would tolerate that it has been away since. */
function isMissed(marks: readonly string[], trigger: MetricTrigger, slot: number): boolean {
  const last = marks.findLastIndex((mark, index) => index <= slot && mark !== "?");
  const size = Math.ceil(trigger.forMs / INTERVAL) + 1;
  return (
    last >= 0 && marks[last] === "!" && (slot - last) * INTERVAL <= trigger.maxGapMs && slot - last < size
  );
}

function folded(trigger: MetricTrigger, pictures: Pictures, cuts: readonly number[]): readonly Track[] {
  const shipped = release({ startedAt: TEN + 20 * INTERVAL, clockAt: TEN + 21 * INTERVAL });
  const context: TrackContext = { trigger, intervalMs: INTERVAL, release: shipped };
  const slots = eachSlots(pictures);
  const tracks: Track[] = [];
  let track = emptyTrack(context, TEN);
  let from = 0;
  for (const cut of [...cuts, SLOTS]) {
    if (cut <= from) continue;
    const fresh = slots.slice(from, cut);
    track = advance(track, context, fresh.at(-1)?.at ?? TEN, fresh);
    tracks.push(track);
    from = cut;
  }
  return tracks;
}

const everySlot = Array.from({ length: SLOTS }, (_, index) => index);

describe("aggregate: each, over random series that come, go and fall silent", () => {
  test("every state is the worst of what the brute-force oracle says of each series", () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(arbitraryTrigger, arbitraryPods, (trigger, pictures) => {
        for (const [index, { status, firing }] of folded(trigger, pictures, everySlot).entries()) {
          const expected = oracleEach(pictures, trigger, index);
          expect({ index, state: status.state }).toEqual({ index, state: expected });
          expect(firing.length > 0).toBe(expected === "firing");
          seen.set(expected, (seen.get(expected) ?? 0) + 1);
        }
      }),
      runs(400),
    );
    expect([...seen.keys()].toSorted()).toEqual(["firing", "inactive", "pending", "unknown"]);
    expect(seen.get("firing")).toBeGreaterThan(500 * SHARE);
  });

  test("many slots at once give what slot after slot would have given", () => {
    fc.assert(
      fc.property(
        arbitraryTrigger,
        arbitraryPods,
        fc
          .array(fc.integer({ min: 1, max: SLOTS }), { maxLength: 4 })
          .map((all) => all.toSorted((a, b) => a - b)),
        (trigger, pictures, cuts) => {
          expect(folded(trigger, pictures, cuts).at(-1)).toEqual(folded(trigger, pictures, everySlot).at(-1));
        },
      ),
      runs(400),
    );
  });
});
