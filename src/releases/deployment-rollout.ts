import type { Condition, Deployment, Pod } from "../kubernetes/objects.ts";
import type { RolloutStatus } from "./release.ts";
import { rolloutReasons } from "./rollout-reasons.ts";

/**
 * Complete when `kubectl rollout status` would say so. A ProgressDeadlineExceeded from before `startedAt`
 * (epoch ms) is about the release before: the controller leaves it there until the new rollout moves. `pods`: of the
 * template that is rolled out.
 */
export function rolloutStatus(
  deployment: Deployment,
  startedAt: number,
  pods: readonly Pod[] = [],
): RolloutStatus {
  if (!isObserved(deployment)) {
    return { complete: false, stalled: false, detail: "the cluster has not taken up the newest change yet" };
  }
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = deployment.status ?? {};
  const stalled = deadlineExceededAt(deployment, startedAt) !== undefined;
  const old = replicas - updatedReplicas;
  const complete = !stalled && podsComplete(deployment);
  const reasons = complete ? [] : rolloutReasons(deployment.status?.conditions, pods);
  const detail = [
    `${updatedReplicas} of ${deployment.spec.replicas ?? 1} pods updated`,
    `${availableReplicas} available`,
    ...(old > 0 ? [`${old} old still there`] : []),
    ...(stalled ? [`stalled: ${whyStalled(deployment)}`] : []),
  ].join(", ");
  return { complete, stalled, ...withReasons(detail, reasons) };
}

/** How a rollout stands, with what the cluster says of why. */
export function withReasons(
  detail: string,
  reasons: readonly string[],
): Pick<RolloutStatus, "detail" | "reasons"> {
  return reasons.length === 0 ? { detail } : { detail: `${detail}; ${reasons.join("; ")}`, reasons };
}

/** The controller's own words, as part of a sentence. */
function whyStalled(deployment: Deployment): string {
  return progressing(deployment)?.message?.replace(/\.$/u, "") ?? "progress deadline exceeded";
}

/** When the controller gave up on a rollout that began at `startedAt`; both epoch ms. */
export function deadlineExceededAt(deployment: Deployment, startedAt: number): number | undefined {
  const condition = progressing(deployment);
  if (condition?.status !== "False" || condition.reason !== "ProgressDeadlineExceeded") return undefined;
  const at = instant(condition.lastUpdateTime);
  return at !== undefined && at > startedAt ? at : undefined;
}

/** When the controller declared the rollout done, if it stands done; epoch ms. */
export function completedAt(deployment: Deployment): number | undefined {
  const condition = progressing(deployment);
  const done = condition?.reason === "NewReplicaSetAvailable";
  return done && isObserved(deployment) && podsComplete(deployment)
    ? instant(condition.lastUpdateTime)
    : undefined;
}

function podsComplete({ spec, status }: Deployment): boolean {
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  return (
    updatedReplicas >= (spec.replicas ?? 1) &&
    replicas <= updatedReplicas &&
    availableReplicas >= updatedReplicas
  );
}

/** False while the status is still about an older spec. */
function isObserved({ metadata, status }: Deployment): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

function progressing(deployment: Deployment): Condition | undefined {
  return deployment.status?.conditions?.find(({ type }) => type === "Progressing");
}

/** Epoch ms; undefined for what is not a time. */
export function instant(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? undefined : at;
}
