import { describe, expect, it } from "vitest";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import type { RollbackOrder } from "../../src/rollback/act.ts";
import { onceEach, type Waiting, waitingOf } from "../../src/verification/waiting.ts";
import { revision } from "../support/model.ts";

const order = { from: revision("2"), to: revision("1") } as RollbackOrder;
const RUNNING = { kind: "running", stalled: false, detail: "" } as const;
const seen = (name: string, reasons?: readonly string[]) => {
  const rollout = {
    complete: false,
    stalled: false,
    detail: "0 of 3 pods updated",
    ...(reasons && { reasons }),
  };
  return {
    ok: true,
    snapshot: { release: { revision: revision(name) }, rollout } as unknown as TargetSnapshot,
  } as const;
};

describe("why what was put back does not get ready", () => {
  it("is told with the counts of pods when the cluster says it", () => {
    expect(waitingOf(order, seen("1", ["ImagePullBackOff"]), RUNNING)).toEqual({
      detail: "0 of 3 pods updated",
      reasons: ["ImagePullBackOff"],
    });
  });

  it.each([
    ["the cluster gives no reason", seen("1"), RUNNING],
    ["the reason is about what was rolled back from", seen("2", ["CrashLoopBackOff"]), RUNNING],
    ["the rollout is complete", seen("1", ["x"]), { kind: "complete", at: 0, detail: "" }],
  ] as const)("is not told when %s", (_, lookup, fact) => {
    expect(waitingOf(order, lookup, fact)).toBeUndefined();
  });

  it("is told once for each kind of reason, whatever the pods are called", () => {
    const told: string[] = [];
    const tell = onceEach(({ reasons }) => void told.push(reasons.join(" + ")));
    const waiting = (...reasons: readonly string[]): Waiting => ({ detail: "", reasons });
    tell(waiting("ErrImagePull: no manifest, container api (pod a)"));
    tell(waiting("ErrImagePull: no manifest, container api (2 pods, such as b)"));
    tell(waiting("api: ImagePullBackOff: back-off, container api (pod a)"));
    tell(undefined);
    tell(waiting("ImagePullBackOff: back-off, container api (pod b)"));
    expect(told).toEqual([
      "ErrImagePull: no manifest, container api (pod a)",
      "api: ImagePullBackOff: back-off, container api (pod a)",
    ]);
  });
});
