import { describe, expect, it } from "vitest";
import type { Condition, Deployment } from "../../src/kubernetes/objects.ts";
import { deadlineExceededAt, instant, rolloutStatus } from "../../src/releases/deployment-rollout.ts";
import { clock } from "../support/model.ts";
import { deployment, stuck, template } from "./deployment-fixture.ts";

const V1 = template("vcci-api:v1");
const STARTED = clock("10:00:00");
const withConditions = (...conditions: readonly Condition[]): Deployment => {
  const object = deployment({ template: V1 });
  return { ...object, status: { ...object.status, conditions } };
};
const withoutReplicas = (pods: number): Deployment => {
  const object = deployment({ template: V1, pods: [1, pods, pods, pods] });
  const { replicas: _, ...spec } = object.spec;
  return { ...object, spec };
};
const { status: _, ...unseen } = deployment({ template: V1 });

describe("a rollout", () => {
  it.each<[string, Deployment, boolean, string]>([
    [
      "is complete when all pods are new and available",
      deployment({ template: V1 }),
      true,
      "2 of 2 pods updated, 2 available",
    ],
    [
      "not while pods are missing",
      deployment({ template: V1, pods: [3, 2, 2, 2] }),
      false,
      "2 of 3 pods updated, 2 available",
    ],
    [
      "not while an old one is there",
      deployment({ template: V1, pods: [2, 3, 2, 2] }),
      false,
      "2 of 2 pods updated, 2 available, 1 old still there",
    ],
    [
      "not while a new one is not available",
      deployment({ template: V1, pods: [2, 2, 2, 1] }),
      false,
      "2 of 2 pods updated, 1 available",
    ],
    ["wants one pod where no number is given", withoutReplicas(1), true, "1 of 1 pods updated, 1 available"],
    ["and not none", withoutReplicas(0), false, "0 of 1 pods updated, 0 available"],
    [
      "has not begun before the cluster took it up",
      unseen,
      false,
      "the cluster has not taken up the newest change yet",
    ],
  ])("%s", (_, object, complete, detail) => {
    expect(rolloutStatus(object, STARTED)).toEqual({ complete, stalled: false, detail });
  });

  it("that is stalled says why, in the cluster's words", () => {
    const { detail, stalled } = rolloutStatus(withConditions(stuck("10:10:00")), STARTED);
    const why = 'ReplicaSet "vcci-api-2" has timed out progressing';
    expect({ detail, stalled }).toEqual({
      detail: `2 of 2 pods updated, 2 available, stalled: ${why}`,
      stalled: true,
    });
  });

  it("that is stalled without a message is still named", () => {
    const { message: _, ...silent } = stuck("10:10:00");
    expect(rolloutStatus(withConditions(silent), STARTED).detail).toMatch(
      /stalled: progress deadline exceeded$/,
    );
  });

  it.each<[string, Condition, string | undefined]>([
    ["is given up on when the deadline is exceeded", stuck("10:10:00"), "10:10:00"],
    ["not for a deadline of the release before", stuck("09:50:00"), undefined],
    ["nor for one of the very second of its start", stuck("10:00:00"), undefined],
    ["nor for another reason", { ...stuck("10:10:00"), reason: "FailedCreate" }, undefined],
    ["nor while the condition holds", { ...stuck("10:10:00"), status: "True" }, undefined],
    ["nor for a condition of another type", { ...stuck("10:10:00"), type: "Available" }, undefined],
  ])("%s", (_, condition, time) => {
    expect(deadlineExceededAt(withConditions(condition), STARTED)).toBe(time && clock(time));
  });
});

it("what is no time is unknown", () => {
  expect(instant("soon")).toBeUndefined();
  expect(instant(undefined)).toBeUndefined();
});
