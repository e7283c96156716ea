import { expect, test } from "vitest";
import { rolloutSample, rolloutStatus } from "../../src/engine/rollout-status.ts";
import { MINUTE, TEN } from "../support/model.ts";

const trigger = { name: "rollout" };
const at = TEN + 15 * MINUTE;
const moving = { detail: "1 of 2 pods updated, 1 available" };
const stalled = { detail: "1 of 2 pods updated, 1 available, stalled", stalledAt: TEN + 10 * MINUTE };

test("a rollout that is under way, or done, is inactive, and says how far it got", () => {
  expect(rolloutStatus(trigger, moving, at)).toMatchObject({
    state: "inactive",
    at,
    reason: "rollout: the rollout is not stalled (1 of 2 pods updated, 1 available)",
    window: { known: 1, breaching: 0 },
  });
});

test("trap 38: one that the cluster gave up on fires at once, and its window is the instant of that", () => {
  const { stalledAt } = stalled;
  expect(rolloutStatus(trigger, stalled, at)).toMatchObject({
    state: "firing",
    at,
    value: 1,
    reason: expect.stringContaining("stalled since 10:") as string,
    window: { from: stalledAt, to: stalledAt, size: 1, known: 1, breaching: 1 },
  });
});

test("a target that cannot be seen neither fires nor is well", () => {
  expect(rolloutStatus(trigger, undefined, at)).toMatchObject({ state: "unknown", window: { known: 0 } });
  expect(rolloutStatus(trigger, undefined, at).reason).toBe("rollout is unknown: the target cannot be seen");
  expect(rolloutSample(undefined, at)).toEqual({ at, unknown: "target-unseen" });
  expect(rolloutSample(moving, at)).toEqual({ at, value: 0, detail: moving.detail });
  expect(rolloutSample(stalled, at)).toEqual({ at, value: 1, detail: stalled.detail });
});
