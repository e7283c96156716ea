import type { KubeApi } from "../kubernetes/api.ts";
import type { ControllerRevision, StatefulSet } from "../kubernetes/objects.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import { ownedBy } from "./deployment-history.ts";
import { readSelected } from "./deployment-read.ts";

/** `target` is `namespace/statefulset/name`. */
export function statefulSetRef(target: string): ResourceRef & { readonly name: string } {
  const [namespace = "", , name = ""] = target.split("/");
  return { group: "apps", resource: "statefulsets", namespace, name };
}

export function controllerRevisionsRef(namespace: string): ResourceRef {
  return { group: "apps", resource: "controllerrevisions", namespace };
}

/** Asks the API server now. Throws KubeError. */
export function readStatefulSet(api: KubeApi, target: string, signal?: AbortSignal): Promise<StatefulSet> {
  return api.get<StatefulSet>(statefulSetRef(target), signal);
}

/** Asks the API server now. Throws KubeError. */
export async function readRevisions(
  api: KubeApi,
  statefulSet: StatefulSet,
  signal?: AbortSignal,
): Promise<readonly ControllerRevision[]> {
  const ref = controllerRevisionsRef(statefulSet.metadata.namespace ?? "default");
  return ownedBy(statefulSet, await readSelected<ControllerRevision>(api, ref, statefulSet, signal));
}
