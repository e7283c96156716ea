import { connect as connectAsHarness, type Api } from "../cluster/api.ts";
import { statefulSet, type StatefulSetOptions } from "../cluster/statefulset.ts";
import { createKubectl, type Kubectl } from "../cluster/kubectl.ts";
import { createNamespace } from "../cluster/namespace.ts";
import { kubeApi, type KubeApi } from "../../src/kubernetes/api.ts";
import { connect } from "../../src/kubernetes/connect.ts";
import type { ControllerRevision, KubeList, StatefulSet } from "../../src/kubernetes/objects.ts";
import type { TargetSnapshot } from "../../src/releases/release.ts";
import { watchStatefulSet } from "../../src/releases/statefulset-watch.ts";
import { eventually } from "../support/eventually.ts";

/** StatefulSets whose Pods nobody runs, unless a test starts a kubelet for the namespace. */
export interface StatefulSetScene {
  readonly namespace: string;
  readonly kubectl: Kubectl;
  /** The product's own port, as an administrator. */
  readonly api: KubeApi;
  /** A StatefulSet with one ControllerRevision for each image, the last of them current. */
  readonly create: (name: string, images: readonly string[], more?: StatefulSetOptions) => Promise<void>;
  readonly setImage: (name: string, image: string) => Promise<void>;
  /** Waits until the controller has taken up the newest change. */
  readonly settled: (name: string) => Promise<StatefulSet>;
  readonly get: (name: string) => Promise<StatefulSet>;
  readonly revisions: (name: string) => Promise<readonly ControllerRevision[]>;
  /** As a daemon that just started sees it; `aheadMs`: some time later. */
  readonly snapshot: (name: string, aheadMs?: number) => Promise<TargetSnapshot>;
  readonly stop: () => Promise<void>;
}

export async function createStatefulSetScene(kubeconfig: string): Promise<StatefulSetScene> {
  const harness: Api = connectAsHarness(kubeconfig);
  const namespace = await createNamespace(harness, "statefulset");
  const kubectl = createKubectl(kubeconfig, namespace);
  const connection = await connect(kubeconfig);
  const api = kubeApi(connection);
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const get = (name: string) => harness.get<StatefulSet>(`${apps}/statefulsets/${name}`);
  const settled = (name: string) =>
    eventually(`${name} is taken up by the controller`, async () => {
      const found = await get(name);
      const { generation = 0 } = found.metadata;
      if ((found.status?.observedGeneration ?? 0) < generation) throw new Error("not yet observed");
      return found;
    });
  const setImage = async (name: string, image: string) => {
    await kubectl("set", "image", `statefulset/${name}`, `api=${image}`);
    await settled(name);
  };
  return {
    namespace,
    kubectl,
    api,
    get,
    settled,
    setImage,
    create: async (name, [first = "vcci-api:v1", ...others], options = {}) => {
      await harness.create(`${apps}/statefulsets`, statefulSet(name, first, options));
      await settled(name);
      for (const image of others) await setImage(name, image);
    },
    revisions: async (name) => {
      const query = `labelSelector=${encodeURIComponent(`app=${name}`)}`;
      return (await harness.get<KubeList<ControllerRevision>>(`${apps}/controllerrevisions?${query}`)).items;
    },
    snapshot: async (name, aheadMs = 0) => {
      const target = `${namespace}/statefulset/${name}`;
      const watch = watchStatefulSet({ api, namespace, target, now: () => Date.now() + aheadMs });
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
