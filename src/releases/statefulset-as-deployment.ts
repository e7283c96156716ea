import type {
  ControllerRevision,
  Deployment,
  ManagedFields,
  Pod,
  PodTemplate,
  ReplicaSet,
  StatefulSet,
} from "../kubernetes/objects.ts";
import { templateWrittenAt } from "./deployment-dates.ts";
import { sameTemplate } from "./deployment-digest.ts";
import { ownedBy, REVISION } from "./deployment-history.ts";
import { isObserved } from "./statefulset-observed.ts";
import { instant } from "./deployment-rollout.ts";
import type { DeploymentView } from "./deployment-snapshot.ts";

/** The objects of one StatefulSet as the cluster has them, and when that was (epoch ms). */
export interface StatefulSetView {
  readonly statefulSet: StatefulSet;
  readonly revisions: readonly ControllerRevision[];
  readonly pods: readonly Pod[];
  readonly at: number;
}

/**
 * A StatefulSet has no progress deadline of its own: so long may a rollout take from one pod that gets ready to the
 * next, as a Deployment's may unless it says otherwise.
 */
export const PROGRESS_DEADLINE_SECONDS = 600;

/** The controller's own mark on each Pod: the name of its ControllerRevision. */
const REVISION_LABEL = "controller-revision-hash";

/**
 * A StatefulSet in the terms of a Deployment, so that what was released, when and to what good is read by one set of
 * rules: a ControllerRevision has a template and a number, as a ReplicaSet does, and pods that belong to it.
 */
export function asDeployment(view: StatefulSetView): DeploymentView {
  const { statefulSet, pods, at } = view;
  const revisions = ownedBy(statefulSet, view.revisions);
  const replicaSets = revisions.map((revision) => asReplicaSet(revision, view, revisions));
  const byRevision = ownedBy(statefulSet, pods).map((pod) => ownedByRevision(pod, revisions));
  return { deployment: workloadOf(statefulSet, revisions), replicaSets, pods: byRevision, at };
}

/** The template that the StatefulSet has now, as its ControllerRevision holds it where there is one already. */
function workloadOf(statefulSet: StatefulSet, revisions: readonly ControllerRevision[]): Deployment {
  const { metadata, spec, status = {} } = statefulSet;
  const updated = updateRevision(statefulSet, revisions);
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
  return {
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [REVISION]: String(updated?.revision ?? 0) },
    },
    spec: {
      replicas: spec.replicas ?? 1,
      selector: spec.selector,
      ...(spec.revisionHistoryLimit !== undefined && { revisionHistoryLimit: spec.revisionHistoryLimit }),
      progressDeadlineSeconds: PROGRESS_DEADLINE_SECONDS,
      template: isObserved(statefulSet) && updated !== undefined ? templateOf(updated) : spec.template,
    },
    status: { observedGeneration, replicas, updatedReplicas, availableReplicas: readyReplicas },
  };
}

/** The template that a revision puts back, without the directive for the patch. */
export function templateOf({ data }: ControllerRevision): PodTemplate {
  const { $patch: _directive, ...template } = data.spec.template;
  return template;
}

/** What the controller rolls out, or has rolled out, as of its newest look. */
export function updateRevision(
  { status }: StatefulSet,
  revisions: readonly ControllerRevision[],
): ControllerRevision | undefined {
  return revisions.find(({ metadata }) => metadata.name === status?.updateRevision);
}

export function isOfRevision(pod: Pod, revision: ControllerRevision | undefined): boolean {
  return pod.metadata.labels?.[REVISION_LABEL] === revision?.metadata.name;
}

/**
 * When the newest use of a revision began, epoch ms. One that is gone back to gets its new number a moment after the
 * StatefulSet got its template, and a Kubernetes before 1.25 does not date that number anew: then the template's
 * writer tells, if that date is not about an earlier change as well; else it began when it was seen, at the latest.
 */
export function usedSince(
  revision: ControllerRevision,
  { statefulSet, at }: Pick<StatefulSetView, "statefulSet" | "at">,
  revisions: readonly ControllerRevision[],
): number {
  const numbered = numberedAt(revision);
  // Whatever has a lower number was there before the use began.
  const before = Math.max(
    0,
    ...revisions.filter((other) => other.revision < revision.revision).map(createdAt),
  );
  const isNewest = revisions.every((other) => other.revision <= revision.revision);
  const isUndated = isNewest && numbered <= createdAt(revision) && numbered <= before;
  const isBack = isUndated && sameTemplate(templateOf(revision), statefulSet.spec.template);
  if (!isBack) return Math.max(numbered, before);
  const writtenAt = templateWrittenAt(statefulSet) ?? 0;
  return writtenAt > before ? writtenAt : at;
}

/** One that is used again gets a new number, and nothing else of it is changed by its controller. */
function numberedAt(revision: ControllerRevision): number {
  const { managedFields = [] } = revision.metadata;
  const numbered = managedFields.find(({ fieldsV1 }) => ownsNumber(fieldsV1));
  return instant(numbered?.time) ?? createdAt(revision);
}

function createdAt({ metadata }: ControllerRevision): number {
  return instant(metadata.creationTimestamp) ?? 0;
}

function ownsNumber(fields: ManagedFields["fieldsV1"]): boolean {
  return fields !== undefined && "f:revision" in fields;
}

function asReplicaSet(
  revision: ControllerRevision,
  view: StatefulSetView,
  revisions: readonly ControllerRevision[],
): ReplicaSet {
  const { metadata } = revision;
  return {
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [REVISION]: String(revision.revision) },
      creationTimestamp: new Date(usedSince(revision, view, revisions)).toISOString(),
    },
    spec: { template: templateOf(revision) },
  };
}

function ownedByRevision(pod: Pod, revisions: readonly ControllerRevision[]): Pod {
  const revision = revisions.find((each) => isOfRevision(pod, each));
  const ownerReferences = revision === undefined ? [] : [{ uid: revision.metadata.uid, controller: true }];
  return { ...pod, metadata: { ...pod.metadata, ownerReferences } };
}
