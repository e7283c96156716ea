import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Verdict } from "../../src/engine/verdict.ts";
import { lastQualifying, qualifies, slotsUntilQualifies, type WindowRule } from "../../src/engine/window.ts";

const MARKS: Readonly<Record<string, Verdict>> = { "!": "breaching", ".": "healthy", "?": "unknown" };
const verdicts = (picture: string): Verdict[] => [...picture].map((mark) => MARKS[mark] ?? "unknown");

const rule = (changes: Partial<WindowRule> = {}): WindowRule => ({
  intervalMs: 15_000,
  size: 4,
  breachRatio: 1,
  minCoverage: 0.5,
  maxGapMs: 15_000,
  ...changes,
});

const arbitraryRule = fc.record({
  intervalMs: fc.constant(15_000),
  size: fc.integer({ min: 1, max: 8 }),
  breachRatio: fc.constantFrom(0.5, 0.75, 1),
  minCoverage: fc.constantFrom(0.5, 0.8, 1),
  maxGapMs: fc.constantFrom(0, 15_000, 45_000),
});
const arbitraryVerdicts = fc.array(
  fc.constantFrom<Verdict>("breaching", "breaching", "breaching", "healthy", "unknown"),
  { maxLength: 30 },
);

describe("the newest window that qualifies", () => {
  test("is what asking about every window would have found", () => {
    let found = 0;
    let before = 0;
    fc.assert(
      fc.property(arbitraryVerdicts, arbitraryRule, fc.nat(30), (all, rule, from) => {
        const ends = all.flatMap((_, end) => {
          const window = all.slice(end - rule.size + 1, end + 1);
          return end + 1 >= rule.size && qualifies(window, rule) ? [end] : [];
        });
        const expected = ends.findLast((end) => end >= from);
        expect(lastQualifying(all, rule, from)).toBe(expected);
        if (expected !== undefined) found += 1;
        else if (ends.length > 0) before += 1;
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect(found).toBeGreaterThan(200);
    expect(before).toBeGreaterThan(200);
  });

  test("may be the very first, and may end at `from` itself", () => {
    expect(lastQualifying(verdicts("!!!!.."), rule(), 0)).toBe(3);
    expect(lastQualifying(verdicts("!!!!.."), rule(), 3)).toBe(3);
    expect(lastQualifying(verdicts("!!!!.."), rule(), 4)).toBeUndefined();
  });

  test("does not hold a run of unknown slots that is too long, wherever that lies", () => {
    expect(lastQualifying(verdicts("!??!!??!"), rule(), 0)).toBeUndefined();
    expect(lastQualifying(verdicts("??!?!!??"), rule(), 0)).toBe(5);
  });
});

describe("a window", () => {
  test.each(["!!!.", "!!!?", ".!!!", "?!!!", ""])("%s does not qualify: both ends must breach", (picture) => {
    expect(qualifies(verdicts(picture), rule({ breachRatio: 0.5 }))).toBe(false);
  });

  test("of one slot needs no other slot to come", () => {
    expect(slotsUntilQualifies(verdicts("!"), rule({ size: 1 }))).toBe(0);
  });

  test("that nothing breaches needs a whole one to come", () => {
    expect(slotsUntilQualifies(verdicts("...."), rule())).toBe(3);
  });
});
