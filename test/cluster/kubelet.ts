import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Api } from "./api.ts";
import type { Images } from "./images.ts";
import { loopbackAddresses } from "./loopback-addresses.ts";
import { registerNode } from "./node.ts";
import type { Pod } from "./pod.ts";
import { runPod, type PodView } from "./pod-run.ts";
import { createPodRuns } from "./pod-runs.ts";
import { createTargetsFile } from "./targets-file.ts";

const EVERY_MS = 200;

export interface KubeletOptions {
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** Only Pods of these are run, and only such as nobody else has scheduled. */
  readonly namespaces: readonly string[];
  readonly images: Images;
  /** Prometheus file_sd, kept up to date: every running Pod at port 8000, labelled namespace, app and pod. */
  readonly targetsFile?: string;
}

export interface Kubelet {
  readonly nodeName: string;
  /** The Pods it holds now, whatever their state. */
  readonly pods: () => readonly PodView[];
  /** Why the last look at the API server failed; undefined while all is well. */
  readonly trouble: () => string | undefined;
  /** Ends all processes, removes the Pods' objects and the Node. Safe when the API server is gone. */
  readonly stop: () => Promise<void>;
}

/**
 * Plays scheduler and kubelet: each container of a Pod is a real process on a loopback address of the Pod's own,
 * so that metrics, probes, crashes and rollouts are all real. Follows the API server by asking every 200 ms, and
 * goes on by itself when that server was away. README.md tells what a real kubelet does and this one does not.
 */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { images, namespaces } = options;
  const api = connect(options.kubeconfig);
  const nodeName = `test-kubelet-${randomBytes(3).toString("hex")}`;
  const node = await registerNode(api, nodeName);
  let trouble: string | undefined;
  const attempt = async (action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error);
    }
  };
  const addresses = await loopbackAddresses();
  const runs = createPodRuns((pod) => runPod(pod, { api, images, ip: addresses.next(), nodeName }), attempt);
  const writeTargets = options.targetsFile === undefined ? undefined : createTargetsFile(options.targetsFile);
  const pass = async (): Promise<void> => {
    const pods = await listPods(api, namespaces);
    trouble = undefined;
    await runs.follow(pods.filter(({ spec }) => spec.nodeName === undefined || spec.nodeName === nodeName));
    await node.heartbeat();
  };
  let stopping = false;
  const loop = async (): Promise<void> => {
    while (!stopping) {
      await attempt(pass);
      writeTargets?.(runs.views());
      await sleep(EVERY_MS);
    }
  };
  const looping = loop();
  return {
    nodeName,
    pods: runs.views,
    trouble: () => trouble,
    stop: async () => {
      stopping = true;
      await looping;
      await runs.stop();
      await attempt(node.remove);
      await api.close();
      addresses.giveBack();
    },
  };
}

async function listPods(api: Api, namespaces: readonly string[]): Promise<readonly Pod[]> {
  const lists = await Promise.all(
    namespaces.map((name) => api.get<{ items: readonly Pod[] }>(`/api/v1/namespaces/${name}/pods`)),
  );
  return lists.flatMap(({ items }) => items);
}
