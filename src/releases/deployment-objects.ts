import type { Deployment } from "../kubernetes/objects.ts";
import { selectorText } from "../kubernetes/selector.ts";
import type { DeploymentView } from "./deployment-snapshot.ts";
import { followSelected } from "./selected-pods.ts";
import {
  longestStaleness,
  notRead,
  type FollowingOptions,
  startFollow,
  type TargetObjects,
} from "./sighting.ts";

export interface DeploymentWatchOptions extends FollowingOptions {
  readonly deployment: string;
}

/** Follows a Deployment and, once it is known, what it selects. `onChange` is called after every change. */
export function followDeployment(
  options: DeploymentWatchOptions,
  onChange: () => void,
): TargetObjects<DeploymentView> {
  const { namespace, now } = options;
  const selected = followSelected(options, onChange);
  const deployments = startFollow<Deployment>(
    options,
    { group: "apps", resource: "deployments", namespace },
    { fieldSelector: `metadata.name=${options.deployment}` },
    () => {
      const [deployment] = deployments.items() ?? [];
      if (deployment !== undefined) selected.select(selectorText(deployment.spec.selector));
      onChange();
    },
  );
  return {
    lastSeen: () => {
      const found = deployments.items();
      if (found === undefined) return notRead(deployments);
      const [deployment] = found;
      if (deployment === undefined) return { kind: "absent" };
      const below = selected.lastSeen();
      return below.kind === "seen" ? { kind: "seen", view: { deployment, ...below.view, at: now() } } : below;
    },
    staleness: () => longestStaleness([deployments, ...selected.follows()]),
    stop: async () => {
      await deployments.stop();
      await selected.stop();
    },
  };
}
