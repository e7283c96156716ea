import type { Follow } from "../kubernetes/follow.ts";
import type { KubeObject, Pod } from "../kubernetes/objects.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import { podsRef } from "./deployment-read.ts";
import { notRead, type FollowingOptions, type Sighting, startFollow } from "./sighting.ts";

/** What a label selector selects: Pods, and the objects that hold the revisions of their template. */
export interface Selected<Revision> {
  readonly revisions: readonly Revision[];
  readonly pods: readonly Pod[];
}

/** The same, followed. */
export interface SelectedPods<Revision> {
  /** Another selector than before takes its place: an object that was made again can come back with another. */
  readonly select: (labelSelector: string) => void;
  /** "absent" as long as nothing was selected. */
  readonly lastSeen: () => Sighting<Selected<Revision>>;
  readonly follows: () => readonly Follow<unknown>[];
  readonly stop: () => Promise<void>;
}

interface Selection<Revision> {
  readonly selector: string;
  readonly revisions: Follow<Revision>;
  readonly pods: Follow<Pod>;
}

/** `revisionsRef`: the kind of object that holds revisions, ReplicaSets or others. */
export function followSelected<Revision extends KubeObject>(
  options: FollowingOptions,
  revisionsRef: ResourceRef,
  onChange: () => void,
): SelectedPods<Revision> {
  const retired: Promise<void>[] = [];
  let selected: Selection<Revision> | undefined;

  const retire = () => {
    if (selected !== undefined) retired.push(selected.revisions.stop(), selected.pods.stop());
    selected = undefined;
  };

  return {
    select: (labelSelector) => {
      if (selected?.selector === labelSelector) return;
      retire();
      selected = {
        selector: labelSelector,
        revisions: startFollow(options, revisionsRef, { labelSelector }, onChange),
        pods: startFollow(options, podsRef(options.namespace), { labelSelector }, onChange),
      };
    },
    lastSeen: () => {
      if (selected === undefined) return { kind: "absent" };
      const revisions = selected.revisions.items();
      if (revisions === undefined) return notRead(selected.revisions);
      const pods = selected.pods.items();
      if (pods === undefined) return notRead(selected.pods);
      return { kind: "seen", view: { revisions, pods } };
    },
    follows: () => (selected === undefined ? [] : [selected.revisions, selected.pods]),
    stop: async () => {
      retire();
      await Promise.all(retired);
    },
  };
}
