import type { Follow } from "../kubernetes/follow.ts";
import type { Pod, ReplicaSet } from "../kubernetes/objects.ts";
import { podsRef, replicaSetsRef } from "./deployment-read.ts";
import { notRead, type FollowingOptions, type Sighting, startFollow } from "./sighting.ts";

/** The ReplicaSets and Pods that a label selector selects, followed. */
export interface SelectedPods {
  /** Another selector than before takes its place: an object that was made again can come back with another. */
  readonly select: (labelSelector: string) => void;
  /** "absent" as long as nothing was selected. */
  readonly lastSeen: () => Sighting<{
    readonly replicaSets: readonly ReplicaSet[];
    readonly pods: readonly Pod[];
  }>;
  readonly follows: () => readonly Follow<unknown>[];
  readonly stop: () => Promise<void>;
}

interface Selected {
  readonly selector: string;
  readonly replicaSets: Follow<ReplicaSet>;
  readonly pods: Follow<Pod>;
}

export function followSelected(options: FollowingOptions, onChange: () => void): SelectedPods {
  const { namespace } = options;
  const retired: Promise<void>[] = [];
  let selected: Selected | undefined;

  const retire = () => {
    if (selected !== undefined) retired.push(selected.replicaSets.stop(), selected.pods.stop());
    selected = undefined;
  };

  return {
    select: (labelSelector) => {
      if (selected?.selector === labelSelector) return;
      retire();
      selected = {
        selector: labelSelector,
        replicaSets: startFollow(options, replicaSetsRef(namespace), { labelSelector }, onChange),
        pods: startFollow(options, podsRef(namespace), { labelSelector }, onChange),
      };
    },
    lastSeen: () => {
      if (selected === undefined) return { kind: "absent" };
      const replicaSets = selected.replicaSets.items();
      if (replicaSets === undefined) return notRead(selected.replicaSets);
      const pods = selected.pods.items();
      if (pods === undefined) return notRead(selected.pods);
      return { kind: "seen", view: { replicaSets, pods } };
    },
    follows: () => (selected === undefined ? [] : [selected.replicaSets, selected.pods]),
    stop: async () => {
      retire();
      await Promise.all(retired);
    },
  };
}
