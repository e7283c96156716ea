import { startControlPlane } from "../../test/cluster/control-plane.ts";
import { createWorld } from "../../test/cluster/world.ts";
import type { Props } from "./cast.ts";
import { rulesFile } from "./rules-file.ts";
import type { Stage } from "./stage.ts";

const NAMESPACE = "vcci-production";
const REQUESTS_PER_SECOND = 40;

/** A Deployment on a Kubernetes control plane of the demo's own; its Pods are processes of this machine. */
export async function clusterStage({ cleanups, terminal, signal }: Props): Promise<Stage> {
  const { say } = terminal;
  say("  starting etcd, kube-apiserver and kube-controller-manager …");
  const controlPlane = await startControlPlane();
  cleanups.add(controlPlane.stop);
  const { kubeconfig, url } = controlPlane;
  const world = await createWorld({
    kubeconfig,
    namespace: NAMESPACE,
    requestsPerSecond: REQUESTS_PER_SECOND,
  });
  cleanups.add(async () => {
    try {
      await world.stop();
    } catch (error) {
      // Ctrl-C reaches the API server, too: what was to be removed from it is gone with it.
      if (!signal.aborted) throw error;
    }
  });
  say(`  rolling out vcci-api:v1 in namespace ${NAMESPACE} …\n`);
  await world.rolledOut();
  const { prometheus, service, traffic, kubectl } = world;
  return {
    parts: [
      ["Kubernetes", `${url}: a real API server and its controllers; each Pod is a process of this machine`],
      ["service", `Deployment vcci-api, 2 Pods of vcci-api:v1, reached at ${service.url}`],
      ["users", `${REQUESTS_PER_SECOND} requests a second`],
      ["Prometheus", `${prometheus.url}, scrapes every Pod each second`],
    ],
    rules: rulesFile({
      target: [`namespace: ${NAMESPACE}`, "deployments: [vcci-api]"],
      strategy: ["strategy: deployment"],
      selector: `namespace="${NAMESPACE}",app="vcci-api"`,
      healthUrl: `${service.url}/health/ready`,
    }),
    files: [],
    prometheusUrl: prometheus.url,
    env: { KUBECONFIG: kubeconfig },
    releaseCommand: `kubectl -n ${NAMESPACE} set image deployment/vcci-api api=vcci-api:v2`,
    release: () => kubectl("set", "image", "deployment/vcci-api", "api=vcci-api:v2"),
    serving: async () => world.servedImages().map((image) => image.replace("vcci-api:", "")),
    traffic: traffic.counts,
    look: {
      command: `kubectl -n ${NAMESPACE} get replicasets -o wide`,
      run: () => kubectl("get", "replicasets", "-o", "wide"),
    },
  };
}
