import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Verdict } from "../../src/engine/verdict.ts";
import { qualifies, qualifyingEnds, slotsUntilQualifies, type WindowRule } from "../../src/engine/window.ts";

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

describe("the windows that qualify", () => {
  test("are those that asking about every window would have found", () => {
    let found = 0;
    let before = 0;
    fc.assert(
      fc.property(arbitraryVerdicts, arbitraryRule, fc.nat(30), (all, rule, from) => {
        const ends = all.map((_, end) => {
          const window = all.slice(end - rule.size + 1, end + 1);
          return end + 1 >= rule.size && qualifies(window, rule);
        });
        const expected = ends.slice(from);
        expect(qualifyingEnds(all, rule, from)).toEqual(expected);
        if (expected.includes(true)) found += 1;
        else if (ends.includes(true)) before += 1;
      }),
      { numRuns: 3_000, seed: 1 },
    );
    expect(found).toBeGreaterThan(200);
    expect(before).toBeGreaterThan(200);
  });

  /** `F` where a window ends that qualifies. */
  const ends = (picture: string, from = 0) =>
    qualifyingEnds(verdicts(picture), rule(), from)
      .map((is) => (is ? "F" : " "))
      .join("");

  test("may be the very first, and may end at `from` itself", () => {
    expect(ends("!!!!..")).toBe("   F  ");
    expect(ends("!!!!..", 3)).toBe("F  ");
    expect(ends("!!!!..", 4)).toBe("  ");
  });

  test("do not hold a run of unknown slots that is too long, wherever that lies", () => {
    expect(ends("!??!!??!")).toBe("        ");
    expect(ends("??!?!!??")).toBe("     F  ");
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
