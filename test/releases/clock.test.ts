import { expect, test } from "vitest";
import { clockAt, type RolloutEvidence } from "../../src/releases/clock.ts";
import { MINUTE, TEN } from "../support/model.ts";

const NOTHING: RolloutEvidence = {
  startedAt: TEN,
  firstReadyAt: undefined,
  deadlineExceededAt: undefined,
  progressDeadlineMs: undefined,
  at: TEN + 60 * MINUTE,
};

test.each<[string, Partial<RolloutEvidence>, number | undefined]>([
  ["has not begun while nothing is known", {}, undefined],
  ["begins with the first Ready pod", { firstReadyAt: TEN + MINUTE }, TEN + MINUTE],
  ["trap 38: or when the cluster gives up", { deadlineExceededAt: TEN + 2 * MINUTE }, TEN + 2 * MINUTE],
  ["trap 38: or when the deadline is over", { progressDeadlineMs: 3 * MINUTE }, TEN + 3 * MINUTE],
  ["not before the deadline is over", { progressDeadlineMs: 61 * MINUTE }, undefined],
  ["in the instant that it is over", { progressDeadlineMs: 60 * MINUTE }, TEN + 60 * MINUTE],
  [
    "at the earliest of them",
    { firstReadyAt: TEN + 5 * MINUTE, deadlineExceededAt: TEN + 4 * MINUTE, progressDeadlineMs: 6 * MINUTE },
    TEN + 4 * MINUTE,
  ],
  ["never before the release itself", { firstReadyAt: TEN - MINUTE }, TEN],
])("the clock of a release %s", (_, evidence, expected) => {
  expect(clockAt({ ...NOTHING, ...evidence })).toBe(expected);
});
