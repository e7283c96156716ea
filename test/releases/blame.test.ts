import { describe, expect, test } from "vitest";
import { blame, blameBasis, type JudgedSlot, pastOf } from "../../src/releases/blame.ts";
import { clockAt } from "../../src/releases/clock.ts";
import { clock, HOUR, MINUTE, TEN } from "../support/model.ts";

const release = { startedAt: TEN, clockAt: clock("10:02:00") };
const VERDICTS: Readonly<Record<string, JudgedSlot["verdict"]>> = {
  ".": "healthy",
  "!": "breaching",
  F: "breaching",
  "?": "unknown",
};

/** A slot a minute: `.` healthy, `!` breaching, `F` breaching and firing, `?` unknown. */
function judged(picture: string, from: number): readonly JudgedSlot[] {
  return [...picture.replaceAll(" ", "")].map((mark, index) => ({
    at: from + index * MINUTE,
    verdict: VERDICTS[mark] ?? "unknown",
    firing: mark === "F",
  }));
}

/** Slots from 09:50; the release starts at 10:00, its first pod is Ready at 10:02, the query looks back 1m, for 5m. */
function judge(picture: string, windowFrom: string, from = "09:50:00") {
  const basis = blameBasis(judged(picture, clock(from)), TEN, HOUR);
  const window = { from: clock(windowFrom), rangeMs: MINUTE, windowMs: 5 * MINUTE };
  return blame(release, basis, window).verdict;
}

describe("blame, when the last known slot before the release was healthy within one window", () => {
  test("counts every slot from the rollout's start", () => {
    expect(judge(".......... !!!!!!", "10:00:00")).toBe("blamed");
    expect(judge(".......... .!!!!!", "10:01:00")).toBe("blamed");
  });

  test("does not count a window that began before the start", () => {
    expect(judge(".......... !!!!!!", "09:59:00")).toBe("window-before-release");
  });

  test("is not misled by unknown slots up to one window long", () => {
    expect(judge("......???? !!!!!!", "10:00:00")).toBe("blamed");
    expect(judge("!!!!!.???? !!!!!!", "10:00:00")).toBe("blamed");
  });
});

describe("blame, when the last known slot before the release breached within one window", () => {
  test("trap 6: says that the breach predates the release", () => {
    expect(judge("!!!!!!!!!! !!!!!!!!!!", "10:05:00")).toBe("breach-predates-release");
    expect(judge(".....!???? !!!!!!!!!!", "10:05:00")).toBe("breach-predates-release");
  });

  test("trap 6: counts only slots past the clock and the query's range once a slot was healthy", () => {
    expect(judge("!!!!!!!!!! !.!!!!!!!!", "10:02:00")).toBe("window-before-release");
    expect(judge("!!!!!!!!!! !.!!!!!!!!", "10:03:00")).toBe("blamed");
  });

  test("takes a slot at the start itself for the release's", () => {
    expect(judge("........!! .!!!!!!!!!", "10:03:00")).toBe("blamed");
  });
});

describe("blame, when the last known slot before the release is older than one window", () => {
  test("counts only slots past the clock and the query's range after a good moment or a blip", () => {
    for (const picture of ["....?????? !!!!!!!!!!", "....!????? !!!!!!!!!!", "!!!!!????? !!!!!!!!!!"]) {
      expect(judge(picture, "10:02:59"), picture).toBe("window-before-release");
      expect(judge(picture, "10:03:00"), picture).toBe("blamed");
    }
  });

  test("says that the breach predates the release where the trigger was firing", () => {
    expect(judge("!!!!F????? !!!!!!!!!!", "10:09:00")).toBe("breach-predates-release");
    expect(judge("!!!!F????? .!!!!!!!!!", "10:03:00")).toBe("blamed");
  });

  test("takes a slot of exactly one window before for new, and one a millisecond older for old", () => {
    const at = (when: number) =>
      pastOf({ before: { at: when, verdict: "healthy", firing: false } }, TEN, 5 * MINUTE);
    expect(at(TEN - 5 * MINUTE)).toBe("healthy");
    expect(at(TEN - 5 * MINUTE - 1)).toBe("unknown");
  });
});

describe("blame, when nothing is known before the release", () => {
  test("counts only slots past the clock and the query's range", () => {
    expect(judge("?????????? !!!!!!!!!!", "10:02:59")).toBe("window-before-release");
    expect(judge("?????????? !!!!!!!!!!", "10:03:00")).toBe("blamed");
  });

  test("counts nothing while the clock has not begun", () => {
    const basis = blameBasis([], TEN, HOUR);
    const window = { from: TEN + MINUTE, rangeMs: 0, windowMs: MINUTE };
    expect(blame({ startedAt: TEN, clockAt: undefined }, basis, window)).toMatchObject({
      verdict: "window-before-release",
      countsFrom: undefined,
    });
  });

  test("holds no slot against the release that is older than the look-back", () => {
    const before = (at: number) => blameBasis([{ at, verdict: "breaching", firing: true }], TEN, HOUR).before;
    expect(before(TEN - HOUR)).toMatchObject({ verdict: "breaching" });
    expect(before(TEN - HOUR - 1)).toBeUndefined();
  });
});

describe("what blame remembers for people", () => {
  const basis = (picture: string) => blameBasis(judged(picture, clock("09:57:00")), TEN, HOUR);

  test("is when sight was lost after the last known slot, and when it came back", () => {
    expect(basis(".!? ??!!")).toMatchObject({
      before: { at: clock("09:58:00") },
      lostSight: true,
      knownAgainAt: clock("10:02:00"),
    });
    expect(basis(".!? ??")).toMatchObject({ lostSight: true, knownAgainAt: undefined });
  });

  test("is no loss of sight where slots were unknown before the last known one, or after sight came back", () => {
    expect(basis("?.! !!??")).toMatchObject({ lostSight: false, knownAgainAt: TEN });
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
