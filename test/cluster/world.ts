import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPrometheus, type RunningPrometheus } from "../support/prometheus.ts";
import { startTraffic, type Traffic } from "../workload/traffic.ts";
import { connect, type Api } from "./api.ts";
import { createCleanups, type Cleanups } from "./cleanups.ts";
import { vcciApiDeployment, type DeploymentOptions } from "./deployment.ts";
import { vcciApiImages } from "./images.ts";
import { createKubectl, type Kubectl } from "./kubectl.ts";
import { startKubelet, type Kubelet } from "./kubelet.ts";
import { createNamespace, createNamespaceNamed } from "./namespace.ts";
import type { PodView } from "./pod-run.ts";
import { startService, type Service } from "./service.ts";

export interface WorldOptions extends Partial<DeploymentOptions> {
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** Default: one of its own. A fixed name is for a cluster that nobody shares. */
  readonly namespace?: string;
  /** Which ready Pods the Service has behind it, asked all the time; default: all. */
  readonly serves?: (pod: PodView) => boolean;
  /** Users' requests; default 20. */
  readonly requestsPerSecond?: number;
}

/** All that a release happens in: everything in it is real but the scheduler, the kubelet and kube-proxy. */
export interface World {
  readonly namespace: string;
  readonly kubeconfig: string;
  readonly api: Api;
  /** In the world's namespace. */
  readonly kubectl: Kubectl;
  readonly kubelet: Kubelet;
  /** Scrapes every Pod each second; series carry the labels namespace, app and pod. */
  readonly prometheus: RunningPrometheus;
  /** Users, who reach ready Pods only. */
  readonly traffic: Traffic;
  /** Fixed address of the ready Pods, for health probes. */
  readonly service: Service;
  /** `kubectl set image` on the Deployment; returns as soon as the API server took it. */
  readonly release: (image: string) => Promise<void>;
  /** `kubectl rollout status`; fails after `withinSeconds` (default 60). */
  readonly rolledOut: (withinSeconds?: number) => Promise<void>;
  /** Images of the Pods that users reach now, sorted, each once. */
  readonly servedImages: () => readonly string[];
  /** What Prometheus answers now: the one series' value, or undefined when there is none. */
  readonly measure: (expr: string) => Promise<number | undefined>;
  /** Takes down everything, the namespace included. */
  readonly stop: () => Promise<void>;
}

/**
 * A namespace with the Deployment `vcci-api` (image `vcci-api:v1` unless told otherwise), Pods that run, users
 * who call them and a Prometheus that watches. Returns when the Deployment is being rolled out: await `rolledOut`.
 */
export async function createWorld(options: WorldOptions): Promise<World> {
  const { kubeconfig, requestsPerSecond = 20, image = "vcci-api:v1" } = options;
  const cleanups = createCleanups();
  try {
    const ground = await startGround(options, cleanups);
    const { api, namespace, backends } = ground;
    const traffic = startTraffic({
      targets: () => backends().map((backend) => `http://${backend}/`),
      perSecond: requestsPerSecond,
    });
    cleanups.add(traffic.stop);
    await api.create(
      `/apis/apps/v1/namespaces/${namespace}/deployments`,
      vcciApiDeployment({ ...options, image }),
    );
    const kubectl = createKubectl(kubeconfig, namespace);
    return {
      ...ground,
      kubeconfig,
      kubectl,
      traffic,
      release: async (to) => void (await kubectl("set", "image", "deployment/vcci-api", `api=${to}`)),
      rolledOut: async (withinSeconds = 60) =>
        void (await kubectl("rollout", "status", "deployment/vcci-api", `--timeout=${withinSeconds}s`)),
      servedImages: () => servedImages(ground.kubelet),
      measure: (expr) => measure(ground.prometheus.url, expr),
      stop: cleanups.run,
    };
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}

type Ground = Pick<World, "api" | "namespace" | "kubelet" | "service" | "prometheus"> & {
  /** `host:port` of each ready Pod. */
  readonly backends: () => readonly string[];
};

/** A namespace in which Pods run, can be reached and are scraped. */
async function startGround(options: WorldOptions, cleanups: Cleanups): Promise<Ground> {
  const { kubeconfig, serves = () => true } = options;
  const dir = mkdtempSync(join(tmpdir(), "rollbackd-world-"));
  cleanups.add(() => rmSync(dir, { recursive: true }));
  const api = connect(kubeconfig);
  cleanups.add(api.close);
  const namespace =
    options.namespace === undefined
      ? await createNamespace(api, "world")
      : await createNamespaceNamed(api, options.namespace);
  const targetsFile = join(dir, "targets.json");
  const kubelet = await startKubelet({
    kubeconfig,
    namespaces: [namespace],
    images: vcciApiImages,
    targetsFile,
  });
  cleanups.add(kubelet.stop);
  // Before the kubelet stops: in a namespace that is going away no controller makes new Pods.
  cleanups.add(() => api.remove(`/api/v1/namespaces/${namespace}`));
  const backends = (): readonly string[] =>
    kubelet.pods().flatMap((pod) => (pod.ready && serves(pod) ? `${pod.ip}:8000` : []));
  const service = await startService(backends);
  cleanups.add(service.stop);
  const prometheus = await startPrometheus({ scrape: [{ name: "pods", targetsFile }] });
  cleanups.add(prometheus.stop);
  return { api, namespace, kubelet, service, prometheus, backends };
}

function servedImages(kubelet: Kubelet): readonly string[] {
  const images = kubelet.pods().flatMap((pod) => (pod.ready ? pod.images : []));
  return [...new Set(images)].sort();
}

async function measure(url: string, expr: string): Promise<number | undefined> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: "POST",
    body: new URLSearchParams({ query: expr }),
  });
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  if (data.result.length > 1) {
    throw new Error(`${data.result.length} series, expected one: ${expr}`);
  }
  return data.result[0] && Number(data.result[0].value[1]);
}
