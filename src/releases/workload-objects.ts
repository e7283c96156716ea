import type { KubeObject } from "../kubernetes/objects.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import { selectorText } from "../kubernetes/selector.ts";
import type { Selecting } from "./deployment-read.ts";
import { followSelected, type Selected } from "./selected-pods.ts";
import {
  longestStaleness,
  notRead,
  type FollowingOptions,
  startFollow,
  type TargetObjects,
} from "./sighting.ts";

/** Where a workload and what holds its revisions are found, and what is made of them at an instant, epoch ms. */
interface WorkloadParts<Workload, Revision, View> {
  readonly ref: ResourceRef & { readonly name: string };
  readonly revisionsRef: ResourceRef;
  readonly viewOf: (workload: Workload, selected: Selected<Revision>, at: number) => View;
}

/** Follows a workload and, once it is known, what it selects. `onChange` is called after every change. */
export function followWorkload<Workload extends Selecting, Revision extends KubeObject, View>(
  options: FollowingOptions,
  { ref, revisionsRef, viewOf }: WorkloadParts<Workload, Revision, View>,
  onChange: () => void,
): TargetObjects<View> {
  const { name, ...collection } = ref;
  const selected = followSelected<Revision>(options, revisionsRef, onChange);
  const workloads = startFollow<Workload>(
    options,
    collection,
    { fieldSelector: `metadata.name=${name}` },
    () => {
      const [workload] = workloads.items() ?? [];
      if (workload !== undefined) selected.select(selectorText(workload.spec.selector));
      onChange();
    },
  );
  return {
    lastSeen: () => {
      const found = workloads.items();
      if (found === undefined) return notRead(workloads);
      const [workload] = found;
      if (workload === undefined) return { kind: "absent" };
      const below = selected.lastSeen();
      return below.kind === "seen"
        ? { kind: "seen", view: viewOf(workload, below.view, options.now()) }
        : below;
    },
    staleness: () => longestStaleness([workloads, ...selected.follows()]),
    stop: async () => {
      await workloads.stop();
      await selected.stop();
    },
  };
}
