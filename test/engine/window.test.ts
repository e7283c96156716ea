import { describe, expect, test } from "vitest";
import { metricStatus } from "../../src/engine/metric-status.ts";
import { slotAt, windowSize } from "../../src/engine/slots.ts";
import { breaches } from "../../src/rules/threshold.ts";
import { INTERVAL, MINUTE, metricTrigger, SECOND, slots, TEN } from "../support/model.ts";

const state = (picture: string, changes = {}) =>
  metricStatus(metricTrigger(changes), INTERVAL, slots(picture)).state;

const full = "!".repeat(21);

describe("slots", () => {
  test("are multiples of the interval since the epoch", () => {
    expect(slotAt(TEN + 14_999, INTERVAL)).toBe(TEN);
    expect(slotAt(TEN + 15_000, INTERVAL)).toBe(TEN + 15_000);
  });

  test.each([
    { forMs: 5 * MINUTE, slots: 21 },
    { forMs: 20 * SECOND, slots: 3 },
    { forMs: 15 * SECOND, slots: 2 },
    { forMs: 0, slots: 1 },
  ])("for $forMs ms at 15s is a window of $slots slots", ({ forMs, slots: size }) => {
    expect(windowSize(forMs, INTERVAL)).toBe(size);
  });
});

describe("a threshold", () => {
  test("trap 9: exactly 5.000 % does not breach, on either side", () => {
    expect(breaches({ op: "above", value: 0.05 }, 0.05)).toBe(false);
    expect(breaches({ op: "above", value: 0.05 }, 0.0500001)).toBe(true);
    expect(breaches({ op: "below", value: 0.05 }, 0.05)).toBe(false);
    expect(breaches({ op: "below", value: 0.05 }, 0.0499999)).toBe(true);
  });

  test("trap 15: 2000ms on an expression in seconds is 2", () => {
    expect(breaches({ op: "above", value: 2 }, 2.4)).toBe(true);
    expect(breaches({ op: "above", value: 2 }, 1.9)).toBe(false);
  });
});

describe("a window of 21 slots", () => {
  test.each([
    ["all breaching", full, "firing"],
    ["trap 9: breach from 0:00 to 4:45 only", `.${"!".repeat(20)}`, "pending"],
    ["trap 9: one healthy slot resets", `${"!".repeat(10)}.${"!".repeat(10)}`, "pending"],
    ["healthy now", `${"!".repeat(20)}.`, "inactive"],
    ["unknown now", `${"!".repeat(20)}?`, "unknown"],
    ["trap 1: a gap is not a breach", `!${"?".repeat(19)}!`, "pending"],
    ["4 unknown in runs of two", `!!!!??!!!!!!!??!!!!!!`, "firing"],
    ["4 unknown in one run of 60s", `!!!!????!!!!!!!!!!!!!`, "firing"],
    ["5 unknown", `!!??!!!!??!!!!!?!!!!!`, "pending"],
    ["first slot unknown", `?${"!".repeat(20)}`, "pending"],
  ])("%s", (_, picture, expected) => {
    expect(picture).toHaveLength(21);
    expect(state(picture)).toBe(expected);
  });

  test("a run of unknown slots longer than maxGap does not qualify", () => {
    expect(state("!!!!???!!!!!!!!!!!!!!", { maxGapMs: 30 * SECOND })).toBe("pending");
    expect(state("!!!!??!?!!!!!!!!!!!!!", { maxGapMs: 30 * SECOND })).toBe("firing");
  });

  test("breachRatio lets known slots be healthy, but not the first or the last", () => {
    expect(state(`${"!".repeat(10)}.${"!".repeat(10)}`, { breachRatio: 0.95 })).toBe("firing");
    expect(state(`${"!".repeat(9)}..${"!".repeat(10)}`, { breachRatio: 0.95 })).toBe("pending");
    expect(state(`.${"!".repeat(20)}`, { breachRatio: 0.9 })).toBe("pending");
  });

  test("minCoverage is a share that binary fractions must not cost a slot", () => {
    const changes = { forMs: 9 * INTERVAL, maxGapMs: MINUTE };
    expect(state("!!??!?!!!!", { ...changes, minCoverage: 0.7 })).toBe("firing");
    expect(state("!!??!?!?!!", { ...changes, minCoverage: 0.7 })).toBe("pending");
  });

  test("for: 0s fires on one slot", () => {
    expect(state("!", { forMs: 0, maxGapMs: 0 })).toBe("firing");
    expect(state(".", { forMs: 0, maxGapMs: 0 })).toBe("inactive");
  });
});

describe("what is said", () => {
  const status = (picture: string) => metricStatus(metricTrigger(), INTERVAL, slots(picture));

  test("firing says value, threshold, duration and slots", () => {
    expect(status(full).reason).toBe("error-rate is 11.2 %, above 5 % for 5 min (21 of 21 slots)");
  });

  test("firing across a gap says so", () => {
    expect(status("!!!!??!!!!!!!!!!!!!!!").reason).toBe(
      "error-rate is 11.2 %, above 5 % for 5 min (19 of 21 slots, 2 unknown, longest gap 30 s)",
    );
  });

  test("pending says when it would fire", () => {
    const pending = status(`${".".repeat(16)}!!!!!`);
    expect(pending.reason).toBe(
      "error-rate is 11.2 %, above 5 %; it fires at 10:09:00Z if that lasts (5 of 21 slots)",
    );
    expect(pending.firesAt).toBe(TEN + 9 * MINUTE);
  });

  test("unknown says why, and what was last known", () => {
    expect(status(`${".".repeat(20)}?`).reason).toBe(
      "error-rate is unknown: unreachable; last known 1 % at 10:04:45Z, 20 of 21 slots known",
    );
  });

  test("inactive says the number", () => {
    expect(status(".".repeat(21)).reason).toBe("error-rate is 1 %, not above 5 %");
  });

  test("a threshold from below is said the other way round", () => {
    const below = metricTrigger({ name: "success", threshold: { op: "below", value: 0.05, text: "5%" } });
    expect(metricStatus(below, INTERVAL, slots(".".repeat(21))).reason).toMatch(
      /^success is 1 %, below 5 % for 5 min/,
    );
    expect(metricStatus(below, INTERVAL, slots(full)).reason).toBe("success is 11.2 %, not below 5 %");
  });

  test("unknown says what the server said, and that nothing was known before", () => {
    const at = TEN + 5 * MINUTE;
    const unknown = { at, unknown: "query-failed", detail: "502 from the proxy" } as const;
    expect(metricStatus(metricTrigger(), INTERVAL, [...slots("?".repeat(20)), unknown]).reason).toBe(
      "error-rate is unknown: query-failed (502 from the proxy); no known slot in the window, 0 of 21 slots known",
    );
  });

  test("nothing at all says that nobody asked", () => {
    expect(metricStatus(metricTrigger(), INTERVAL, [])).toMatchObject({
      state: "unknown",
      at: 0,
      reason: "error-rate is unknown: not-evaluated; no known slot in the window, 0 of 21 slots known",
    });
  });

  test.each([
    ["firing", full],
    ["inactive", ".".repeat(21)],
    ["unknown", `${".".repeat(20)}?`],
  ])("%s has no time to fire", (_, picture) => {
    expect(status(picture).firesAt).toBeUndefined();
  });
});

test("a window whose newest slot is unknown says for which reason, and no other does", () => {
  const status = (picture: string) => metricStatus(metricTrigger(), INTERVAL, slots(picture));
  expect(status(`${"!".repeat(20)}?`)).toMatchObject({ state: "unknown", unknown: "unreachable" });
  for (const newest of ["!", "."]) expect(status(`?${newest.repeat(20)}`)).not.toHaveProperty("unknown");
});
