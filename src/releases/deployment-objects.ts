import type { KubeApi } from "../kubernetes/api.ts";
import type { KubeError } from "../kubernetes/error.ts";
import type { Selection } from "../kubernetes/event-stream.ts";
import { follow, type Follow, type FollowStatus, type Pace } from "../kubernetes/follow.ts";
import type { Deployment, KubeObject, Pod, ReplicaSet } from "../kubernetes/objects.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import { selectorText } from "../kubernetes/selector.ts";
import { podsRef, replicaSetsRef } from "./deployment-read.ts";
import type { DeploymentView } from "./deployment-snapshot.ts";

export interface DeploymentWatchOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly deployment: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** Told of each change between following and not being able to, per resource, for logs and metrics. */
  readonly onStatus?: (resource: ResourceRef["resource"], status: FollowStatus) => void;
  readonly pace?: Pace;
}

/** What is known of a Deployment's objects. */
export type Sighting =
  | { readonly kind: "seen"; readonly view: DeploymentView }
  | { readonly kind: "absent" }
  | { readonly kind: "not-read"; readonly error: KubeError | undefined };

export interface DeploymentObjects {
  readonly lastSeen: () => Sighting;
  /** Since when (epoch ms) what was last seen may no longer be what is there; undefined while it is followed. */
  readonly staleness: () => Staleness | undefined;
  readonly stop: () => Promise<void>;
}

export type Staleness = Omit<Extract<FollowStatus, { state: "stale" }>, "state">;

/** The ReplicaSets and Pods that the Deployment's selector selects. */
interface Children {
  readonly selector: string;
  readonly replicaSets: Follow<ReplicaSet>;
  readonly pods: Follow<Pod>;
}

/** Follows a Deployment and, once it is known, what it selects. `onChange` is called after every change. */
export function followDeployment(options: DeploymentWatchOptions, onChange: () => void): DeploymentObjects {
  const { api, now, namespace, pace } = options;
  const retired: Promise<void>[] = [];
  let children: Children | undefined;

  const start = <T extends KubeObject>(
    ref: ResourceRef,
    selection: Selection,
    changed: () => void,
  ): Follow<T> => {
    const onStatus = (status: FollowStatus) => options.onStatus?.(ref.resource, status);
    return follow<T>({ api, ref, selection, now, onChange: changed, onStatus, ...(pace && { pace }) });
  };

  const retire = () => {
    if (children !== undefined) retired.push(children.replicaSets.stop(), children.pods.stop());
    children = undefined;
  };

  /** A Deployment that was deleted and made again can come back with another selector. */
  const followChildren = ({ spec }: Deployment) => {
    const labelSelector = selectorText(spec.selector);
    if (children?.selector === labelSelector) return;
    retire();
    children = {
      selector: labelSelector,
      replicaSets: start<ReplicaSet>(replicaSetsRef(namespace), { labelSelector }, onChange),
      pods: start<Pod>(podsRef(namespace), { labelSelector }, onChange),
    };
  };

  const deployments = start<Deployment>(
    { group: "apps", resource: "deployments", namespace },
    { fieldSelector: `metadata.name=${options.deployment}` },
    () => {
      const [deployment] = deployments.items() ?? [];
      if (deployment !== undefined) followChildren(deployment);
      onChange();
    },
  );

  return {
    lastSeen: () => {
      const found = deployments.items();
      if (found === undefined) return notRead(deployments);
      const [deployment] = found;
      if (deployment === undefined || children === undefined) return { kind: "absent" };
      const replicaSets = children.replicaSets.items();
      if (replicaSets === undefined) return notRead(children.replicaSets);
      const pods = children.pods.items();
      if (pods === undefined) return notRead(children.pods);
      return { kind: "seen", view: { deployment, replicaSets, pods, at: now() } };
    },
    staleness: () => {
      const follows = [deployments, children?.replicaSets, children?.pods];
      return longest(follows.flatMap((one) => one?.status() ?? []));
    },
    stop: async () => {
      await deployments.stop();
      retire();
      await Promise.all(retired);
    },
  };
}

function longest(statuses: readonly FollowStatus[]): Staleness | undefined {
  return statuses
    .filter((status) => status.state === "stale")
    .reduce<Staleness | undefined>((a, b) => (a !== undefined && a.since <= b.since ? a : b), undefined);
}

function notRead({ status }: Follow<unknown>): Sighting {
  const now = status();
  return { kind: "not-read", error: now.state === "stale" ? now.error : undefined };
}
