import { connect as connectAsHarness, type Api } from "../cluster/api.ts";
import { vcciApiDeployment, type DeploymentOptions } from "../cluster/deployment.ts";
import { createKubectl, type Kubectl } from "../cluster/kubectl.ts";
import { createNamespace } from "../cluster/namespace.ts";
import { kubeApi, type KubeApi } from "../../src/kubernetes/api.ts";
import { connect } from "../../src/kubernetes/connect.ts";
import type { Deployment, KubeList, ReplicaSet } from "../../src/kubernetes/objects.ts";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import { watchDeployment } from "../../src/releases/deployment-watch.ts";
import { eventually } from "../support/eventually.ts";

/** Deployments whose Pods nobody runs: enough for everything that is about objects. */
export interface Scene {
  readonly namespace: string;
  readonly harness: Api;
  readonly kubectl: Kubectl;
  /** The product's own port, as an administrator. */
  readonly api: KubeApi;
  /** A Deployment with one ReplicaSet for each image, the last of them current. `extra` is its metadata. */
  readonly create: (name: string, images: readonly string[], options?: CreateOptions) => Promise<void>;
  /** Changes the image and waits for the controller. */
  readonly setImage: (name: string, image: string) => Promise<void>;
  /** Waits until the controller has taken up the newest change. */
  readonly settled: (name: string) => Promise<Deployment>;
  readonly get: (name: string) => Promise<Deployment>;
  readonly replicaSets: (name: string) => Promise<readonly ReplicaSet[]>;
  /** As a daemon that just started sees it. */
  readonly snapshot: (name: string) => Promise<TargetSnapshot>;
  readonly stop: () => Promise<void>;
}

export interface CreateOptions extends Partial<DeploymentOptions> {
  readonly annotations?: Readonly<Record<string, string>>;
}

export async function createScene(kubeconfig: string): Promise<Scene> {
  const harness = connectAsHarness(kubeconfig);
  const namespace = await createNamespace(harness, "deployment");
  const kubectl = createKubectl(kubeconfig, namespace);
  const connection = await connect(kubeconfig);
  const api = kubeApi(connection);
  const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;

  const get = (name: string) => harness.get<Deployment>(`${deployments}/${name}`);
  const labelled = async (labels: string) => {
    const query = `labelSelector=${encodeURIComponent(labels)}`;
    const path = `/apis/apps/v1/namespaces/${namespace}/replicasets?${query}`;
    return (await harness.get<KubeList<ReplicaSet>>(path)).items;
  };
  const settled = (name: string) =>
    eventually(`${name} is taken up by the controller`, async () => {
      const deployment = await get(name);
      const { generation = 0 } = deployment.metadata;
      if ((deployment.status?.observedGeneration ?? 0) < generation) throw new Error("not yet observed");
      // A ReplicaSet that is used again gets its number first, and the Deployment gets it in a later step.
      const labels = Object.entries(deployment.spec.selector.matchLabels ?? {}).map(
        ([key, value]) => `${key}=${value}`,
      );
      const numbers = (await labelled(labels.join(","))).map(revisionNumber);
      if (revisionNumber(deployment) !== Math.max(...numbers)) throw new Error("not yet numbered");
      return deployment;
    });
  const setImage = async (name: string, image: string) => {
    await kubectl("set", "image", `deployment/${name}`, `api=${image}`);
    await settled(name);
  };
  return {
    namespace,
    harness,
    kubectl,
    api,
    get,
    replicaSets: (name) => labelled(`app=${name}`),
    settled,
    setImage,
    create: async (name, [first = "vcci-api:v1", ...others], { annotations = {}, ...options } = {}) => {
      await harness.create(
        deployments,
        annotated(vcciApiDeployment({ image: first, name, ...options }), annotations),
      );
      await settled(name);
      for (const image of others) await setImage(name, image);
    },
    snapshot: async (name) => {
      const watch = watchDeployment({ api, namespace, deployment: name, now: Date.now });
      const lookup = await watch.reread();
      await watch.stop();
      if (!lookup.ok) throw new Error(lookup.detail);
      return lookup.snapshot;
    },
    stop: async () => {
      await harness.remove(`/api/v1/namespaces/${namespace}`);
      await Promise.all([harness.close(), connection.close()]);
    },
  };
}

function revisionNumber({ metadata }: Deployment | ReplicaSet): number {
  return Number(metadata.annotations?.["deployment.kubernetes.io/revision"]);
}

function annotated(deployment: object, annotations: Readonly<Record<string, string>>): object {
  const { metadata } = deployment as { readonly metadata: object };
  return { ...deployment, metadata: { ...metadata, annotations } };
}
