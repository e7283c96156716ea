import { once } from "node:events";
import { createHistory } from "../../src/daemon/history.ts";
import type { History } from "../../src/daemon/history.ts";
import { type TargetParts, targetParts } from "../../src/daemon/target-parts.ts";
import type { KubeApi } from "../../src/kubernetes/api.ts";
import type { KubeObject } from "../../src/kubernetes/objects.ts";
import type { Policy } from "../../src/rules/policy.ts";

/** Objects by their resource; any of them is known by its resource alone. */
export type Objects = Readonly<Record<string, readonly KubeObject[]>>;

/** A cluster that stays as it is; `changed` is told of whatever would change it. */
export function stillCluster(objects: Objects, changed: () => void = () => undefined): KubeApi {
  return {
    get: ({ resource }) => Promise.resolve(objects[resource]?.[0] as never),
    metadata: ({ resource, name }) => {
      const found = objects[resource]?.find(({ metadata }) => metadata.name === name);
      return found === undefined
        ? Promise.reject(new Error(`no ${resource} ${name}`))
        : Promise.resolve(found);
    },
    list: ({ resource }) =>
      Promise.resolve({ metadata: { resourceVersion: "1" }, items: (objects[resource] ?? []) as never }),
    patch: async () => changed() as never,
    create: () => Promise.reject(new Error("not asked here")),
    async *watch(_, { signal }) {
      await once(signal, "abort");
      yield* [];
    },
  };
}

/** What a policy makes of its target in a cluster, at an instant (epoch ms). */
export function partsOn(
  policy: Policy,
  api: KubeApi,
  { at, history = createHistory() }: { readonly at: number; readonly history?: History },
): TargetParts {
  const nothing = () => Promise.reject(new Error("not asked here"));
  const ports = {
    prometheus: { instant: nothing, range: nothing, clock: nothing, close: async () => undefined },
    history,
    environment: {},
    secrets: () => [],
    argocdNamespace: "argocd",
    slotClock: { now: Date.now, isKnown: async () => false, sync: async () => undefined },
    now: () => at,
  };
  return targetParts(policy, ports, api);
}
