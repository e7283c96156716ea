import { describe, expect, it } from "vitest";
import type { Condition, ContainerStatus, Pod } from "../../src/kubernetes/objects.ts";
import { rolloutReasons } from "../../src/releases/rollout-reasons.ts";

function pod(name: string, status: Pod["status"] = {}): Pod {
  return {
    metadata: { name, uid: name, resourceVersion: "1", creationTimestamp: "2026-03-02T10:00:00Z" },
    status,
  };
}

const waiting = (reason: string, message?: string, more: Partial<ContainerStatus> = {}): Pod["status"] => ({
  containerStatuses: [
    { name: "api", state: { waiting: { reason, ...(message !== undefined && { message }) } }, ...more },
  ],
});
const condition = (type: string, reason: string, message?: string): Condition => {
  return { type, status: "False", reason, ...(message !== undefined && { message }) };
};

describe("the cluster's reasons why a rollout does not get on", () => {
  it.each([
    ["ImagePullBackOff", 'Back-off pulling image "shop:1"'],
    ["ErrImagePull", "manifest unknown"],
    ["InvalidImageName", "couldn't parse image reference"],
    ["CreateContainerConfigError", 'configmap "shop-v1" not found'],
    ["RunContainerError", "exec: no such file"],
  ])("name what a container waits for: %s", (reason, message) => {
    expect(rolloutReasons([], [pod("a", waiting(reason, message))])).toEqual([
      `${reason}: ${message}, container api (pod a)`,
    ]);
  });

  it("name how a container that crashes ended last", () => {
    const lastState = { terminated: { exitCode: 137, reason: "OOMKilled" } };
    expect(
      rolloutReasons([], [pod("a", waiting("CrashLoopBackOff", "back-off 10s", { lastState }))])[0],
    ).toContain("CrashLoopBackOff: back-off 10s, last ended with exit code 137 (OOMKilled)");
  });

  it("name an init container, too", () => {
    const status = {
      initContainerStatuses: [{ name: "init", state: { waiting: { reason: "ErrImagePull" } } }],
    };
    expect(rolloutReasons([], [pod("a", status)])).toEqual(["ErrImagePull, container init (pod a)"]);
  });

  it("name what the scheduler says", () => {
    const message = "0/3 nodes are available: 3 Insufficient cpu.";
    const conditions = [condition("PodScheduled", "Unschedulable", message)];
    expect(rolloutReasons([], [pod("a", { conditions })])).toEqual([
      "Unschedulable: 0/3 nodes are available: 3 Insufficient cpu (pod a)",
    ]);
  });

  it("name a volume that cannot be attached where a condition says so", () => {
    const conditions = [
      condition("PodReadyToStartContainers", "FailedAttachVolume", "Multi-Attach error for volume"),
    ];
    expect(rolloutReasons([], [pod("a", { conditions })])[0]).toMatch(
      /^FailedAttachVolume: Multi-Attach error/u,
    );
  });

  it("name a pod that the node evicted", () => {
    const status = { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." };
    expect(rolloutReasons([], [pod("a", status)])[0]).toMatch(/^Evicted: The node was low/u);
  });

  it("name a quota that is used up", () => {
    const failure = {
      type: "ReplicaFailure",
      status: "True",
      reason: "FailedCreate",
      message: 'pods "x" is forbidden: exceeded quota: few',
    } as const;
    expect(rolloutReasons([failure])).toEqual(['FailedCreate: pods "x" is forbidden: exceeded quota: few']);
    expect(rolloutReasons([{ ...failure, status: "False" }])).toEqual([]);
  });

  it("are said once for several pods", () => {
    const pods = ["a", "b", "c"].map((name) => pod(name, waiting("ImagePullBackOff")));
    expect(rolloutReasons([], pods)).toEqual(["ImagePullBackOff, container api (3 pods, such as a)"]);
  });

  it("are none while pods come up, and none of pods that are going", () => {
    const conditions = [condition("Ready", "ContainersNotReady", "containers with unready status: [api]")];
    const coming = pod("a", { ...waiting("ContainerCreating"), conditions });
    const going = pod("b", waiting("CrashLoopBackOff"));
    const deleted = { ...going, metadata: { ...going.metadata, deletionTimestamp: "2026-03-02T10:01:00Z" } };
    expect(rolloutReasons([], [coming, deleted])).toEqual([]);
  });

  it("are cut to one line of bounded length", () => {
    const [reason = ""] = rolloutReasons(
      [],
      [pod("a", waiting("ErrImagePull", `first\n${"x".repeat(1_000)}`))],
    );
    expect(reason).not.toContain("\n");
    expect(reason.length).toBeLessThan(300);
  });
});
