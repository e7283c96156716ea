import type { KubeApi } from "../kubernetes/api.ts";
import type { KubeError } from "../kubernetes/error.ts";
import type { Selection } from "../kubernetes/event-stream.ts";
import { follow, type Follow, type FollowStatus, type Pace } from "../kubernetes/follow.ts";
import type { KubeObject } from "../kubernetes/objects.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";

/** What following the objects of one target needs, whatever it is made of. */
export interface FollowingOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** Told of each change between following and not being able to, per resource, for logs and metrics. */
  readonly onStatus?: (resource: ResourceRef["resource"], status: FollowStatus) => void;
  readonly pace?: Pace;
}

/** What is known of a target's objects. */
export type Sighting<View> =
  | { readonly kind: "seen"; readonly view: View }
  | { readonly kind: "absent" }
  | { readonly kind: "not-read"; readonly error: KubeError | undefined };

export type Staleness = Omit<Extract<FollowStatus, { state: "stale" }>, "state">;

/** The objects of one target, followed. */
export interface TargetObjects<View> {
  readonly lastSeen: () => Sighting<View>;
  /** Since when (epoch ms) what was last seen may no longer be what is there; undefined while it is followed. */
  readonly staleness: () => Staleness | undefined;
  readonly stop: () => Promise<void>;
}

/** Follows one kind of object in the namespace of the options. */
export function startFollow<T extends KubeObject>(
  { api, now, pace, onStatus }: FollowingOptions,
  ref: ResourceRef,
  selection: Selection,
  onChange: () => void,
): Follow<T> {
  return follow<T>({
    api,
    ref,
    selection,
    now,
    onChange,
    onStatus: (status) => onStatus?.(ref.resource, status),
    ...(pace && { pace }),
  });
}

export function longestStaleness(follows: readonly (Follow<unknown> | undefined)[]): Staleness | undefined {
  return follows
    .flatMap((one) => one?.status() ?? [])
    .filter((status) => status.state === "stale")
    .reduce<Staleness | undefined>((a, b) => (a !== undefined && a.since <= b.since ? a : b), undefined);
}

export function notRead({ status }: Follow<unknown>): Extract<Sighting<never>, { kind: "not-read" }> {
  const now = status();
  return { kind: "not-read", error: now.state === "stale" ? now.error : undefined };
}
