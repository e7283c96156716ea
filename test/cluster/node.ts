import type { Api } from "./api.ts";
import { rfc3339 } from "./rfc3339.ts";

const NODES = "/api/v1/nodes";
const HEARTBEAT_MS = 10_000;

/**
 * Registers the Node that the test kubelet's Pods are bound to. A real scheduler puts nothing on it (taint), and
 * a real node controller takes it for alive while `heartbeat` is called often; it writes every ten seconds.
 */
export async function registerNode(
  api: Api,
  name: string,
): Promise<{ readonly heartbeat: () => Promise<void>; readonly remove: () => Promise<void> }> {
  const startedAt = rfc3339(Date.now());
  let dueAt = 0;
  const heartbeat = async (): Promise<void> => {
    if (performance.now() < dueAt) {
      return;
    }
    const ready = {
      type: "Ready",
      status: "True",
      reason: "KubeletReady",
      message: "test kubelet",
      lastHeartbeatTime: rfc3339(Date.now()),
      lastTransitionTime: startedAt,
    };
    await api.mergePatch(`${NODES}/${name}/status`, { status: { conditions: [ready] } });
    dueAt = performance.now() + HEARTBEAT_MS;
  };
  await api.create(NODES, {
    metadata: { name },
    spec: { taints: [{ key: "rollbackd.io/test-kubelet", effect: "NoSchedule" }] },
  });
  await heartbeat();
  return { heartbeat, remove: () => api.remove(`${NODES}/${name}`) };
}
