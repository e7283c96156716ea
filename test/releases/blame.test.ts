import { describe, expect, test } from "vitest";
import { verdictOf } from "../../src/engine/verdict.ts";
import { blame, blameBasis } from "../../src/releases/blame.ts";
import { clockAt } from "../../src/releases/clock.ts";
import { clock, MINUTE, slots, TEN } from "../support/model.ts";

const threshold = { op: "above", value: 0.05 } as const;
const release = { startedAt: TEN, clockAt: clock("10:02:00") };

/** Slots from 09:50; the release starts at 10:00, its first pod is Ready at 10:02, the query looks back 1m. */
function judge(picture: string, windowFrom: string) {
  const judged = slots(picture, clock("09:50:00"), MINUTE).map((s) => ({
    at: s.at,
    verdict: verdictOf(threshold, s),
  }));
  return blame(release, blameBasis(judged, TEN, 6 * MINUTE), { from: clock(windowFrom), rangeMs: MINUTE });
}

describe("healthy before the release", () => {
  test("every slot from the rollout's start counts", () => {
    expect(judge(".......... !!!!!!", "10:00:00")).toBe("blamed");
    expect(judge(".......... .!!!!!", "10:01:00")).toBe("blamed");
  });

  test("a window that began before the start does not count", () => {
    expect(judge(".......... !!!!!!", "09:59:00")).toBe("window-before-release");
  });

  test("unknown slots between the last healthy one and the start do not hide it", () => {
    expect(judge("......???? !!!!!!", "10:00:00")).toBe("blamed");
  });
});

test("how things stood is told by slots within the look-back, the oldest of them included", () => {
  const at = (when: number) => blameBasis([{ at: when, verdict: "healthy" }], TEN, 6 * MINUTE).before;
  expect(at(TEN - 6 * MINUTE)).toBe("healthy");
  expect(at(TEN - 6 * MINUTE - 1)).not.toBe("healthy");
});

describe("breaching before the release", () => {
  test("trap 6: a deploy into an ongoing incident is not to blame", () => {
    expect(judge("!!!!!!!!!! !!!!!!!!!!", "10:05:00")).toBe("breach-predates-release");
  });

  test("trap 6: once it was healthy, only slots past the clock and the query's range count", () => {
    expect(judge("!!!!!!!!!! !.!!!!!!!!", "10:02:00")).toBe("window-before-release");
    expect(judge("!!!!!!!!!! !.!!!!!!!!", "10:03:00")).toBe("blamed");
  });

  test("a slot at the start itself belongs to the release", () => {
    expect(judge("........!! .!!!!!!!!!", "10:03:00")).toBe("blamed");
  });
});

describe("nothing known before the release", () => {
  test("only slots past the clock and the query's range count", () => {
    expect(judge("?????????? !!!!!!!!!!", "10:02:59")).toBe("window-before-release");
    expect(judge("?????????? !!!!!!!!!!", "10:03:00")).toBe("blamed");
  });

  test("what was known longer ago than the lookback says nothing about the release", () => {
    expect(judge("...??????? !!!!!!!!!!", "10:00:00")).toBe("window-before-release");
  });

  test("while the clock has not begun, nothing counts", () => {
    const basis = { before: "unknown", healthySince: false } as const;
    expect(blame({ startedAt: TEN, clockAt: undefined }, basis, { from: TEN + MINUTE, rangeMs: 0 })).toBe(
      "window-before-release",
    );
  });
});

describe("a release's clock", () => {
  const evidence = {
    startedAt: TEN,
    firstReadyAt: undefined,
    deadlineExceededAt: undefined,
    progressDeadlineMs: 10 * MINUTE,
    at: TEN + MINUTE,
  };

  test("has not begun without a Ready pod", () => {
    expect(clockAt(evidence)).toBeUndefined();
  });

  test("begins at the first Ready pod", () => {
    expect(clockAt({ ...evidence, firstReadyAt: TEN + 30_000 })).toBe(TEN + 30_000);
  });

  test("trap 38: does not wait for a Ready pod for ever", () => {
    expect(clockAt({ ...evidence, at: TEN + 10 * MINUTE })).toBe(TEN + 10 * MINUTE);
    expect(clockAt({ ...evidence, at: TEN + 9 * MINUTE, deadlineExceededAt: TEN + 8 * MINUTE })).toBe(
      TEN + 8 * MINUTE,
    );
  });

  test("is the earliest of the three", () => {
    const all = { ...evidence, firstReadyAt: TEN + 5 * MINUTE, deadlineExceededAt: TEN + 4 * MINUTE };
    expect(clockAt({ ...all, at: TEN + 20 * MINUTE })).toBe(TEN + 4 * MINUTE);
  });

  test("never begins before the release", () => {
    expect(clockAt({ ...evidence, firstReadyAt: TEN - MINUTE })).toBe(TEN);
  });
});
