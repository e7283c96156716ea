import type { KubeApi } from "../kubernetes/api.ts";
import type { KubeObject, Deployment, Pod, ReplicaSet, Service } from "../kubernetes/objects.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import { type Colors, selectionOf, serviceRef } from "./blue-green-sides.ts";
import type { BlueGreenView } from "./blue-green-snapshot.ts";
import { podsRef, replicaSetsRef } from "./deployment-read.ts";

/** Asks the API server now; `target` is `namespace/service/name`. Throws KubeError. */
export async function readSides(
  api: KubeApi,
  target: string,
  signal?: AbortSignal,
): Promise<Pick<BlueGreenView, "service" | "deployments">> {
  const ref = serviceRef(target);
  const deployments: ResourceRef = { group: "apps", resource: "deployments", namespace: ref.namespace };
  // The Service last: it is what decides, and must not be older than what it selects.
  const { items } = await api.list<Deployment>(deployments, {}, signal);
  return { deployments: items, service: await api.get<Service>(ref, signal) };
}

/** Asks the API server now. Throws KubeError. */
export async function readBlueGreen(
  api: KubeApi,
  target: string,
  colors: Colors,
): Promise<Omit<BlueGreenView, "at">> {
  const { namespace } = serviceRef(target);
  const sides = await readSides(api, target);
  const labelSelector = selectionOf(sides.service, colors);
  const list = async <T extends KubeObject>(ref: ResourceRef) =>
    (await api.list<T>(ref, { labelSelector })).items;
  const [replicaSets, pods] = await Promise.all([
    list<ReplicaSet>(replicaSetsRef(namespace)),
    list<Pod>(podsRef(namespace)),
  ]);
  return { ...sides, replicaSets, pods };
}
