import type { ContainerStatus, Pod, PodTemplate, ReplicaSet } from "../kubernetes/objects.ts";
import { ownedBy } from "./deployment-history.ts";

/** By image, as the template names it: what pods say they pulled. */
export type Pulled = Readonly<Record<string, readonly string[]>>;

/** By the uid of a ReplicaSet: what its pods pulled when they were last seen. */
export type PulledBefore = ReadonlyMap<string, Pulled>;

/** By container. */
export function imagesOf({ spec }: PodTemplate): Readonly<Record<string, string>> {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return Object.fromEntries(containers.map(({ name, image }) => [name, image ?? ""]));
}

/** Digests of what templates may name by tags alone. */
export function pulledBy(replicaSets: readonly ReplicaSet[], pods: readonly Pod[]): Pulled {
  const pulled = new Map<string, Set<string>>();
  for (const replicaSet of replicaSets) {
    const images = imagesOf(replicaSet.spec.template);
    for (const { name, imageID = "" } of ownedBy(replicaSet, pods).flatMap(containersOf)) {
      const image = images[name] ?? "";
      if (image !== "" && imageID !== "") pulled.set(image, (pulled.get(image) ?? new Set()).add(imageID));
    }
  }
  return Object.fromEntries([...pulled].map(([image, ids]) => [image, [...ids]]));
}

/** Pods that are gone leave what they pulled. */
export function withPulled(
  before: PulledBefore,
  replicaSets: readonly ReplicaSet[],
  pods: readonly Pod[],
): PulledBefore {
  return new Map(
    replicaSets.map((replicaSet) => {
      const { uid } = replicaSet.metadata;
      const now = pulledBy([replicaSet], pods);
      return [uid, Object.keys(now).length > 0 ? now : (before.get(uid) ?? {})];
    }),
  );
}

function containersOf({ status }: Pod): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}
