import { describe, expect, it, test } from "vitest";
import { type Heat, heatOf, massBreach, nowCaught } from "../../src/decisions/mass-breach.ts";
import { healthStatus } from "../../src/engine/health-status.ts";
import { metricStatus } from "../../src/engine/metric-status.ts";
import { healthTrigger, INTERVAL, MINUTE, metricTrigger, slots, TEN } from "../support/model.ts";

/** Five slots to a window. */
const minute = metricTrigger({ forMs: MINUTE, minCoverage: 0.4, maxGapMs: MINUTE });

describe("a target is", () => {
  test.each<[string, Heat, string]>([
    ["!!!!!", "firing", "firing"],
    ["...!!", "quiet", "at the beginning of a breach"],
    ["..!!!", "near", "two slots from firing"],
    [".!!!!", "near", "a slot from firing"],
    ["!!!!.", "quiet", "healthy again"],
    ["!!!??", "near", "out of sight with most of the window breaching"],
    ["..!??", "quiet", "out of sight"],
  ])("%s %s: %s", (picture, heat) => {
    expect(heatOf([metricStatus(minute, INTERVAL, slots(picture))], INTERVAL)).toBe(heat);
  });

  test("near when most of a long window has breached, and not when half of it", () => {
    const long = metricTrigger({ forMs: 5 * MINUTE });
    const window = (breaching: number) => slots(".".repeat(21 - breaching) + "!".repeat(breaching));
    const heat = (breaching: number) => heatOf([metricStatus(long, INTERVAL, window(breaching))], INTERVAL);
    expect([10, 11, 20, 21].map(heat)).toEqual(["quiet", "near", "near", "firing"]);
  });

  test("not near for the first failed probe of three, though the third is less than two slots away", () => {
    const heat = (picture: string) =>
      heatOf([healthStatus(healthTrigger(), slots(picture, TEN, 10_000).map(probe), TEN + 20_000)], INTERVAL);
    expect(["..!", ".!!", "!!!"].map(heat)).toEqual(["quiet", "near", "firing"]);
  });

  test("as hot as its hottest trigger", () => {
    const [firing, near, quiet] = ["!!!!!", ".!!!!", "....."].map((picture) =>
      metricStatus(minute, INTERVAL, slots(picture)),
    );
    if (!firing || !near || !quiet) throw new Error("three pictures");
    expect(heatOf([quiet, near, firing], INTERVAL)).toBe("firing");
    expect(heatOf([quiet, near], INTERVAL)).toBe("near");
    expect(heatOf([], INTERVAL)).toBe("quiet");
  });
});

const NONE: ReadonlySet<string> = new Set();

/** `a` firing, `~` near, `.` quiet; a target each. */
function fleet(picture: string) {
  const heats = { "!": "firing", "~": "near", ".": "quiet" } as const;
  return [...picture].map((mark, index) => ({
    target: `t${index}`,
    heat: heats[mark as keyof typeof heats],
  }));
}

test.each([
  ["!~~", "1 of 3 targets fire and 2 more are about to"],
  ["!~~....", "1 of 7 targets fire and 2 more are about to"],
  ["!!~.", "2 of 4 targets fire and 1 more are about to"],
  ["!!!", "3 of 3 targets fire at once"],
])("trap 30: what is about to fire counts as well: %s", (picture, said) => {
  expect(massBreach("t0", fleet(picture), NONE)).toContain(said);
});

test.each(["!~", "!", "!~~.....", "!!......"])("trap 30: too few are no mass breach: %s", (picture) => {
  expect(massBreach("t0", fleet(picture), NONE)).toBeUndefined();
});

describe("trap 30: caught in a mass breach", () => {
  it("are all that are hot while it lasts, and nobody before it", () => {
    expect(nowCaught(fleet("!!~"), NONE)).toEqual(new Set());
    expect(nowCaught(fleet("!!!~."), NONE)).toEqual(new Set(["t0", "t1", "t2", "t3"]));
  });

  it("is each until it has been quiet", () => {
    const caught = nowCaught(fleet("!!!"), NONE);
    expect(nowCaught(fleet("!.~"), caught)).toEqual(new Set(["t0", "t2"]));
    expect(massBreach("t0", fleet("!.."), nowCaught(fleet("!.."), caught))).toMatch("part of a mass breach");
  });

  it("is not one that begins to fire later, alone", () => {
    const caught = nowCaught(fleet("!..!"), nowCaught(fleet("!!!."), NONE));
    expect(massBreach("t3", fleet("!..!"), caught)).toBeUndefined();
  });
});

/** A breach is a failed probe. */
function probe(sample: { readonly at: number; readonly value?: number }) {
  return { at: sample.at, value: (sample.value ?? 0) > 0.05 ? 0 : 1 };
}
