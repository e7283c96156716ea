import { describe, expect, test } from "vitest";
import { healthStatus } from "../../src/engine/health-status.ts";
import type { Sample } from "../../src/signals/sample.ts";
import { healthTrigger, SECOND, TEN } from "../support/model.ts";

/** `x` failed, `o` passed, `?` the prober itself was in trouble; ten seconds apart. */
function results(picture: string): Sample[] {
  return [...picture].map((mark, index) => {
    const at = TEN + index * 10 * SECOND;
    return mark === "?" ? { at, unknown: "not-evaluated" } : { at, value: mark === "o" ? 1 : 0 };
  });
}

function status(picture: string, lateMs = 0) {
  const seen = results(picture);
  return healthStatus(healthTrigger(), seen, (seen.at(-1)?.at ?? TEN) + lateMs);
}

describe("a health trigger with failures: 3", () => {
  test.each([
    ["", "unknown"],
    ["o", "inactive"],
    ["ox", "pending"],
    ["xx", "pending"],
    ["xxx", "firing"],
    ["oxxx", "firing"],
    ["xxxx", "firing"],
    ["xxox", "pending"],
    ["xxxo", "inactive"],
    ["xxx?", "unknown"],
    ["xx?x", "firing"],
  ] as const)("results %s: %s", (picture, expected) => {
    expect(status(picture).state).toBe(expected);
  });

  test("its window is the failures that made it fire", () => {
    const { window } = status("oxxxx");
    expect(window).toMatchObject({ from: TEN + 20 * SECOND, to: TEN + 40 * SECOND, size: 3, breaching: 3 });
  });

  test("a result that is too old says nothing", () => {
    expect(status("xxx", 32 * SECOND).state).toBe("firing");
    expect(status("xxx", 33 * SECOND).state).toBe("unknown");
  });

  test("it says the address, the run and what is missing", () => {
    expect(status("oxx").reason).toBe(
      "health: http://vcci-api:8000/health/ready failed 2 of 3 in a row, fires after 1 more",
    );
    expect(status("xxxx").reason).toBe(
      "health: http://vcci-api:8000/health/ready failed 4 times in a row; it fires at 3",
    );
    expect(status("").reason).toBe("health: http://vcci-api:8000/health/ready is unknown: not probed yet");
  });
});

describe("what a health trigger says", () => {
  const seen = results("oxx");
  const newest = seen.at(-1)?.at ?? 0;

  test("passing", () => {
    expect(status("o")).toMatchObject({
      reason: "health: http://vcci-api:8000/health/ready passes",
      value: 1,
    });
  });

  test("pending: when it would fire, by the probes that are still to fail", () => {
    expect(status("oxx", 4 * SECOND)).toMatchObject({ firesAt: newest + 14 * SECOND, at: newest, value: 0 });
  });

  test.each(["o", "xxx", "oxx?"])("%s: no time to fire", (picture) => {
    expect(status(picture).firesAt).toBeUndefined();
  });

  test("before the first result", () => {
    expect(healthStatus(healthTrigger(), [], TEN)).toMatchObject({
      at: TEN,
      reason: "health: http://vcci-api:8000/health/ready is unknown: not probed yet",
      window: { from: TEN, to: TEN, known: 0 },
    });
  });

  test("unknown: why, with what the prober saw", () => {
    const trouble = { at: TEN, unknown: "not-evaluated" } as const;
    const reason = (...samples: Sample[]) => healthStatus(healthTrigger(), samples, TEN).reason;
    expect(reason(trouble)).toMatch(/unknown: not-evaluated$/);
    expect(reason({ ...trouble, detail: "no free file" })).toMatch(
      /unknown: not-evaluated \(no free file\)$/,
    );
  });

  test("too old: how old, and from when", () => {
    expect(status("o", 33 * SECOND).reason).toMatch(/unknown: last result is 33 s old, from 10:00:00Z$/);
  });

  test("its window is of known results alone", () => {
    expect(status("xx?x").window).toMatchObject({ from: TEN, to: TEN + 30 * SECOND, known: 3, breaching: 3 });
  });
});

test("what is unknown says for which reason, and nothing else does", () => {
  const at = TEN;
  const why = (seen: readonly Sample[], now = at) => healthStatus(healthTrigger(), seen, now);
  expect(why([{ at, unknown: "unreachable" }])).toMatchObject({ state: "unknown", unknown: "unreachable" });
  expect(why([])).toMatchObject({ state: "unknown", unknown: "not-evaluated" });
  const tooOld = why([{ at, value: 1 }], at + 60 * SECOND);
  expect(tooOld).toMatchObject({ state: "unknown", unknown: "not-evaluated" });
  for (const picture of ["o", "x", "xxx"]) expect(status(picture)).not.toHaveProperty("unknown");
});
