import type { ControllerRevision, Pod, StatefulSet } from "../kubernetes/objects.ts";
import { readySince } from "./deployment-dates.ts";
import { isObserved } from "./statefulset-observed.ts";
import { ownedBy } from "./deployment-history.ts";
import { instant, withReasons } from "./deployment-rollout.ts";
import type { RolloutStatus } from "./release.ts";
import { rolloutReasons } from "./rollout-reasons.ts";
import {
  isOfRevision,
  PROGRESS_DEADLINE_SECONDS,
  type StatefulSetView,
  updateRevision,
  usedSince,
} from "./statefulset-as-deployment.ts";

/** A pod that is not Ready for so long does not only take its time to start. */
const BLOCKED_AFTER_MS = 120_000;

/**
 * Complete when `kubectl rollout status` would say so and every pod is of the newest revision; with a partition, every
 * pod from that ordinal on. No controller ever gives up on a StatefulSet, so a rollout counts as stalled when none of its
 * pods got ready for the progress deadline. Pods that the update strategy leaves as they are stall nothing.
 */
export function statefulSetRollout(view: StatefulSetView): RolloutStatus {
  const { statefulSet } = view;
  const revisions = ownedBy(statefulSet, view.revisions);
  const updated = updateRevision(statefulSet, revisions);
  if (!isObserved(statefulSet) || updated === undefined) {
    return { complete: false, stalled: false, detail: "the cluster has not taken up the newest change yet" };
  }
  const all = ownedBy(statefulSet, view.pods);
  const pods = all.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const { complete, moving, counted } = progressOf(statefulSet, pods, updated);
  const stalledAt = complete ? undefined : deadlineOf(all, updated, usedSince(updated, view, revisions));
  const stalled = stalledAt !== undefined && stalledAt <= view.at && moving;
  const blockedBy = complete ? undefined : blockingPod({ ...view, pods }, updated)?.metadata.name;
  const reasons = complete
    ? []
    : rolloutReasons(
        [],
        pods.filter((pod) => isOfRevision(pod, updated)),
      );
  const detail = [
    counted,
    ...(stalled ? [`stalled: no pod got ready for ${PROGRESS_DEADLINE_SECONDS / 60} minutes`] : []),
    ...(blockedBy === undefined ? [] : [blockedText(statefulSet, blockedBy)]),
  ].join(", ");
  return {
    complete,
    stalled,
    ...(stalled && { stalledAt }),
    ...(blockedBy !== undefined && { blockedBy }),
    ...withReasons(detail, reasons),
  };
}

interface Progress {
  readonly complete: boolean;
  /** Pods are still to be replaced, or to get ready. */
  readonly moving: boolean;
  readonly counted: string;
}

function progressOf(statefulSet: StatefulSet, pods: readonly Pod[], updated: ControllerRevision): Progress {
  return isHeldBack(statefulSet)
    ? {
        complete: haveFollowed(statefulSet, pods, updated),
        moving: isStarting(pods, updated),
        counted: countsOf(statefulSet, pods, updated),
      }
    : {
        complete: isComplete(statefulSet),
        moving: isMoving(statefulSet) && !areReady(statefulSet),
        counted: counts(statefulSet),
      };
}

function counts({ spec, status = {} }: StatefulSet): string {
  const { updatedReplicas = 0, readyReplicas = 0 } = status;
  return `${updatedReplicas} of ${spec.replicas ?? 1} pods updated, ${readyReplicas} ready`;
}

function isComplete(statefulSet: StatefulSet): boolean {
  const { spec, status = {} } = statefulSet;
  const { replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
  const wanted = spec.replicas ?? 1;
  return !isMoving(statefulSet) && replicas <= wanted && updatedReplicas >= wanted && readyReplicas >= wanted;
}

/** Whether pods of another revision are still to be replaced; more or fewer of the same are no rollout. */
function isMoving({ status = {} }: StatefulSet): boolean {
  const { currentRevision, updateRevision: newest, replicas = 0, updatedReplicas = 0 } = status;
  return currentRevision !== newest || replicas > updatedReplicas;
}

/** Where every pod is ready the controller only has not gone on yet, as after a partition is lowered. */
function areReady({ spec, status = {} }: StatefulSet): boolean {
  return (status.readyReplicas ?? 0) >= (spec.replicas ?? 1);
}

function isHeldBack({ spec: { updateStrategy = {} } }: StatefulSet): boolean {
  return updateStrategy.type === "OnDelete" || partitionOf(updateStrategy) > 0;
}

function partitionOf({ rollingUpdate }: NonNullable<StatefulSet["spec"]["updateStrategy"]>): number {
  return rollingUpdate?.partition ?? 0;
}

/** Those that the controller replaces: from the partition's ordinal on; with OnDelete all, as people delete them. */
function followers({ spec }: StatefulSet, pods: readonly Pod[]) {
  const { type } = spec.updateStrategy ?? {};
  const from = type === "OnDelete" ? 0 : partitionOf(spec.updateStrategy ?? {});
  const wanted = Math.max(0, (spec.replicas ?? 1) - from);
  return { wanted, pods: pods.filter(({ metadata }) => ordinalOf(metadata.name) >= from) };
}

function ordinalOf(pod: string): number {
  return Number(pod.slice(pod.lastIndexOf("-") + 1));
}

function haveFollowed(statefulSet: StatefulSet, all: readonly Pod[], updated: ControllerRevision): boolean {
  const { wanted, pods } = followers(statefulSet, all);
  return pods.length >= wanted && pods.every((pod) => isOfRevision(pod, updated) && isReady(pod));
}

/** Whether a pod that follows the template has not got ready. */
function isStarting(pods: readonly Pod[], updated: ControllerRevision): boolean {
  return pods.some((pod) => isOfRevision(pod, updated) && !isReady(pod));
}

function isReady(pod: Pod): boolean {
  return readySince(pod) !== undefined;
}

function countsOf(statefulSet: StatefulSet, all: readonly Pod[], updated: ControllerRevision): string {
  const { wanted, pods } = followers(statefulSet, all);
  const newest = pods.filter((pod) => isOfRevision(pod, updated));
  const { type } = statefulSet.spec.updateStrategy ?? {};
  const which = type === "OnDelete" ? "pods" : "pods from the partition on";
  return `${newest.length} of ${wanted} ${which} updated, ${newest.filter(isReady).length} ready`;
}

/**
 * When patience with the rollout ends, epoch ms: each pod that is deleted, made or gets ready begins it anew. A partition that is
 * lowered after hours changes nothing that has a date but its pods.
 */
function deadlineOf(pods: readonly Pod[], updated: ControllerRevision, since: number): number {
  const dates = pods
    .filter((pod) => isOfRevision(pod, updated))
    .flatMap((pod) => [readySince(pod) ?? [], instant(pod.metadata.creationTimestamp) ?? []].flat());
  const deleted = pods.flatMap(({ metadata }) => instant(metadata.deletionTimestamp) ?? []);
  return Math.max(since, ...dates, ...deleted) + PROGRESS_DEADLINE_SECONDS * 1000;
}

/**
 * With OrderedReady the controller waits for a pod that does not get ready before it replaces any, also where that pod
 * is of the very revision that is rolled back from: the rollout goes on only once somebody deletes it.
 */
function blockingPod(
  { statefulSet, pods, at }: StatefulSetView,
  updated: ControllerRevision,
): Pod | undefined {
  if (statefulSet.spec.podManagementPolicy === "Parallel") return undefined;
  return pods.find((pod) => !isOfRevision(pod, updated) && at - unreadySince(pod, at) >= BLOCKED_AFTER_MS);
}

/** Epoch ms; `at` for one that is Ready. */
function unreadySince({ metadata, status }: Pod, at: number): number {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status === "True") return at;
  return instant(ready?.lastTransitionTime) ?? instant(metadata.creationTimestamp) ?? at;
}

function blockedText({ metadata }: StatefulSet, pod: string): string {
  return (
    `pod ${pod} of an earlier change is not ready and the controller waits for it; it goes on once that pod is ` +
    `deleted: kubectl -n ${metadata.namespace} delete pod ${pod}`
  );
}
