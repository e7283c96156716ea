import type { ContainerStatus } from "./container.ts";
import { rfc3339 } from "./rfc3339.ts";

interface Condition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly lastTransitionTime: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface PodStatus {
  readonly phase: "Pending" | "Running";
  readonly conditions: readonly Condition[];
  readonly containerStatuses: readonly ContainerStatus[];
  readonly hostIP: string;
  readonly podIP: string;
  readonly podIPs: readonly { readonly ip: string }[];
  readonly startTime: string;
}

export interface PodFacts {
  readonly ip: string;
  readonly startTime: string;
  readonly containers: readonly ContainerStatus[];
}

/** What the kubelet would report now. `before` is its last report: a condition keeps its time while it holds. */
export function podStatus(facts: PodFacts, before: PodStatus | undefined, at: number): PodStatus {
  const { ip, startTime, containers } = facts;
  const unready = containers.filter(({ ready }) => !ready).map(({ name }) => name);
  const trouble =
    unready.length === 0
      ? {}
      : {
          reason: "ContainersNotReady",
          message: `containers with unready status: [${unready.join(" ")}]`,
        };
  const condition = (type: string, holds: boolean, why: object = {}): Condition => {
    const status = holds ? "True" : "False";
    const same = before?.conditions.find((earlier) => earlier.type === type && earlier.status === status);
    return { type, status, lastTransitionTime: same?.lastTransitionTime ?? rfc3339(at), ...why };
  };
  return {
    phase: containers.every(({ started, restartCount }) => started || restartCount > 0)
      ? "Running"
      : "Pending",
    conditions: [
      condition("Initialized", true),
      condition("Ready", unready.length === 0, trouble),
      condition("ContainersReady", unready.length === 0, trouble),
      condition("PodScheduled", true),
    ],
    containerStatuses: containers,
    hostIP: "127.0.0.1",
    podIP: ip,
    podIPs: [{ ip }],
    startTime,
  };
}
