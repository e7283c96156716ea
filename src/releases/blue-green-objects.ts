import type { Deployment, ReplicaSet, Service } from "../kubernetes/objects.ts";
import { type BlueGreenTarget, blueGreenKey } from "../rules/policy.ts";
import { selectionOf, serviceRef } from "./blue-green-sides.ts";
import type { BlueGreenView } from "./blue-green-snapshot.ts";
import { replicaSetsRef } from "./deployment-read.ts";
import type { LoggedRelease } from "./logged-release.ts";
import { followSelected } from "./selected-pods.ts";
import {
  type FollowingOptions,
  longestStaleness,
  notRead,
  startFollow,
  type TargetObjects,
} from "./sighting.ts";

export interface BlueGreenWatchOptions extends FollowingOptions {
  readonly target: BlueGreenTarget;
  /** Releases of the target in the log, oldest first; read anew at each use. */
  readonly logged: () => readonly LoggedRelease[];
}

/**
 * Follows a Service, the Deployments of its namespace (which of them are meant, the labels of their pods say, and no
 * query selects by those) and what it selects in either colour. `onChange` is called after every change.
 */
export function followBlueGreen(
  options: BlueGreenWatchOptions,
  onChange: () => void,
): TargetObjects<BlueGreenView> {
  const { target, namespace, now } = options;
  const { name: _name, ...services } = serviceRef(blueGreenKey(target));
  const selected = followSelected<ReplicaSet>(options, replicaSetsRef(namespace), onChange);
  const service = startFollow<Service>(
    options,
    services,
    { fieldSelector: `metadata.name=${target.service}` },
    () => {
      const [found] = service.items() ?? [];
      if (found !== undefined) selected.select(selectionOf(found, target));
      onChange();
    },
  );
  const deployments = startFollow<Deployment>(
    options,
    { group: "apps", resource: "deployments", namespace },
    {},
    onChange,
  );
  return {
    lastSeen: () => {
      const found = service.items();
      if (found === undefined) return notRead(service);
      const [one] = found;
      if (one === undefined) return { kind: "absent" };
      const all = deployments.items();
      if (all === undefined) return notRead(deployments);
      const below = selected.lastSeen();
      if (below.kind !== "seen") return below;
      const { revisions: replicaSets, pods } = below.view;
      return { kind: "seen", view: { service: one, deployments: all, replicaSets, pods, at: now() } };
    },
    staleness: () => longestStaleness([service, deployments, ...selected.follows()]),
    stop: async () => {
      await Promise.all([service.stop(), deployments.stop()]);
      await selected.stop();
    },
  };
}
