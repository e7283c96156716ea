import type { KubeApi } from "../kubernetes/api.ts";
import type { Deployment, KubeObject, LabelSelector, Pod, ReplicaSet } from "../kubernetes/objects.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import { selectorText } from "../kubernetes/selector.ts";
import { ownedBy } from "./deployment-history.ts";

/** A workload that has its children by their labels. */
export interface Selecting extends KubeObject {
  readonly spec: { readonly selector: LabelSelector };
}

/** `target` is `namespace/name`. */
export function deploymentRef(target: string): ResourceRef & { readonly name: string } {
  const [namespace = "", name = ""] = target.split("/");
  return { group: "apps", resource: "deployments", namespace, name };
}

export function replicaSetsRef(namespace: string): ResourceRef {
  return { group: "apps", resource: "replicasets", namespace };
}

export function podsRef(namespace: string): ResourceRef {
  return { group: "", resource: "pods", namespace };
}

/** Asks the API server now. Throws KubeError. */
export function readDeployment(api: KubeApi, target: string, signal?: AbortSignal): Promise<Deployment> {
  return api.get<Deployment>(deploymentRef(target), signal);
}

/** Asks the API server now. Throws KubeError. */
export async function readReplicaSets(
  api: KubeApi,
  deployment: Deployment,
  signal?: AbortSignal,
): Promise<readonly ReplicaSet[]> {
  const all = await readSelected<ReplicaSet>(
    api,
    replicaSetsRef(namespaceOf(deployment)),
    deployment,
    signal,
  );
  return ownedBy(deployment, all);
}

/** The Pods that a workload selects. Asks the API server now. Throws KubeError. */
export function readPods(api: KubeApi, workload: Selecting, signal?: AbortSignal): Promise<readonly Pod[]> {
  return readSelected<Pod>(api, podsRef(namespaceOf(workload)), workload, signal);
}

/** What a workload's selector selects of a kind. Asks the API server now. Throws KubeError. */
export async function readSelected<T extends KubeObject>(
  api: KubeApi,
  ref: ResourceRef,
  { spec }: Selecting,
  signal: AbortSignal | undefined,
): Promise<readonly T[]> {
  const list = await api.list<T>(ref, { labelSelector: selectorText(spec.selector) }, signal);
  return list.items;
}

function namespaceOf({ metadata }: KubeObject): string {
  return metadata.namespace ?? "default";
}
