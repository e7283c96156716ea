import type { Api } from "./api.ts";
import { rfc3339 } from "./rfc3339.ts";

const NODES = "/api/v1/nodes";

/**
 * Registers the Node that the test kubelet's Pods are bound to. A real scheduler puts nothing on it (taint), and
 * a real node controller takes it for alive while `heartbeat` is called at least every 40 s.
 */
export async function registerNode(
  api: Api,
  name: string,
): Promise<{ readonly heartbeat: () => Promise<void>; readonly remove: () => Promise<void> }> {
  const startedAt = rfc3339(Date.now());
  const heartbeat = async (): Promise<void> => {
    const ready = {
      type: "Ready",
      status: "True",
      reason: "KubeletReady",
      message: "test kubelet",
      lastHeartbeatTime: rfc3339(Date.now()),
      lastTransitionTime: startedAt,
    };
    await api.mergePatch(`${NODES}/${name}/status`, { status: { conditions: [ready] } });
  };
  await api.create(NODES, {
    metadata: { name },
    spec: { taints: [{ key: "rollbackd.io/test-kubelet", effect: "NoSchedule" }] },
  });
  await heartbeat();
  return { heartbeat, remove: () => api.remove(`${NODES}/${name}`) };
}
