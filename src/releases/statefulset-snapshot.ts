import { ownedBy } from "./deployment-history.ts";
import { deploymentSnapshot, type ReleaseMemory } from "./deployment-snapshot.ts";
import { heldBackStatefulSet, type StayingPod } from "./held-back.ts";
import { statefulSetKey } from "../rules/policy.ts";
import type { LoggedRelease } from "./logged-release.ts";
import type { RolloutStatus, TargetSnapshot } from "./release.ts";
import {
  asDeployment,
  isOfRevision,
  type StatefulSetView,
  templateOf,
  updateRevision,
} from "./statefulset-as-deployment.ts";
import { statefulSetRollout } from "./statefulset-rollout.ts";

/** Undefined while the StatefulSet has no ControllerRevision, so that nothing of it can run. */
export function statefulSetSnapshot(
  view: StatefulSetView,
  memory?: ReleaseMemory,
  logged: readonly LoggedRelease[] = [],
): { readonly snapshot: TargetSnapshot; readonly memory: ReleaseMemory } | undefined {
  const seen = deploymentSnapshot(asDeployment(view), { memory, logged, holder: "ControllerRevision" });
  if (seen === undefined) return undefined;
  const { namespace = "", name } = view.statefulSet.metadata;
  const target = statefulSetKey({ namespace, statefulSet: name });
  const { release } = seen.snapshot;
  const heldBack = heldBackStatefulSet(view.statefulSet, stayingPods(view));
  const snapshot = {
    ...seen.snapshot,
    target,
    release: { ...release, target, id: `${target}@${release.revision.name}` },
    rollout: rolloutOf(view, seen.memory),
    ...(heldBack && { heldBack: [heldBack] }),
  };
  return { snapshot, memory: seen.memory };
}

/** Pods of another revision than the newest, which the update strategy may leave as they are. */
function stayingPods({ statefulSet, revisions: all, pods }: StatefulSetView): readonly StayingPod[] {
  const revisions = ownedBy(statefulSet, all);
  const updated = updateRevision(statefulSet, revisions);
  const others = revisions.filter((each) => each !== updated);
  return ownedBy(statefulSet, pods)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap((pod) => {
      const runs = others.find((each) => isOfRevision(pod, each));
      return runs === undefined ? [] : [{ name: pod.metadata.name, template: templateOf(runs) }];
    });
}

/** Pods that got ready once and were then restarted tell of their nodes, not of the release. */
function rolloutOf(view: StatefulSetView, { firstRevision, firstReadyAt }: ReleaseMemory): RolloutStatus {
  const { stalledAt, ...rollout } = statefulSetRollout(view);
  const updated = updateRevision(view.statefulSet, ownedBy(view.statefulSet, view.revisions));
  const isRestart = firstReadyAt !== undefined && updated !== undefined && updated.revision > firstRevision;
  return stalledAt === undefined || isRestart ? rollout : { ...rollout, stalledAt };
}
