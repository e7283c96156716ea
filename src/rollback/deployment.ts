import type { KubeApi } from "../kubernetes/api.ts";
import { KubeError } from "../kubernetes/error.ts";
import type { Deployment, ReplicaSet } from "../kubernetes/objects.ts";
import { describe } from "../kubernetes/resource.ts";
import { templateDigest } from "../releases/deployment-digest.ts";
import { nextRevision, revisionOf } from "../releases/deployment-history.ts";
import { rememberedRollbacks } from "../releases/deployment-marks.ts";
import { deploymentRef, readDeployment, readReplicaSets } from "../releases/deployment-read.ts";
import type { Act, ActOutcome, RollbackOrder, Shown, Strategy } from "./act.ts";
import { failed, failedFor, isDone, tryRepeatedly } from "./attempts.ts";
import { rollbackPatch } from "./deployment-patch.ts";

export interface DeploymentStrategyOptions {
  readonly api: KubeApi;
  /** Epoch ms. */
  readonly now: () => number;
  /** Bound on all attempts together; a last look after it has the bound of one request. Default 30 s. */
  readonly boundMs?: number;
}

export interface DeploymentStrategy extends Strategy {
  readonly inspect: InspectOne;
  /** All of the act but the change itself; `applied` says that nothing stands in its way. */
  readonly rehearse: Act;
}

/**
 * Puts an earlier template back on a Deployment, as `kubectl rollout undo` does, on condition that the
 * Deployment is still what was decided about. Every attempt reads and checks anew, and one that landed although
 * its answer was lost is recognised, so it never acts twice.
 */
export function deploymentStrategy(options: DeploymentStrategyOptions): DeploymentStrategy {
  const { api, boundMs = 30_000 } = options;
  const inspect = inspectWith(api);
  return {
    repeatable: true,
    inspect,
    rehearse: async (order, signal) => {
      const bound = AbortSignal.any([signal, AbortSignal.timeout(boundMs)]);
      const outcome = await tryRepeatedly(() => attempt(rehearsal(options), order, bound), bound);
      return outcome instanceof KubeError ? failedFor(outcome, deploymentRef(order.target)) : outcome;
    },
    act: async (order, signal) => {
      const bound = AbortSignal.any([signal, AbortSignal.timeout(boundMs)]);
      const outcome = await tryRepeatedly(() => attempt(options, order, bound), bound);
      if (!(outcome instanceof KubeError)) return outcome;
      // The answer to a change that did happen may be what got lost.
      const landed = outcome.retryable && (await inspect(order)) === "applied";
      return landed
        ? applied(order, "the API server's answer was lost; the Deployment shows it")
        : failedFor(outcome, deploymentRef(order.target));
    },
  };
}

/** The same, but every change is only tried. */
function rehearsal(options: DeploymentStrategyOptions): DeploymentStrategyOptions {
  const { api } = options;
  const dry: KubeApi = {
    ...api,
    patch: (ref, patch, signal) => api.patch(ref, { ...patch, dryRun: true }, signal),
  };
  return { ...options, api: dry };
}

/** One object is never changed in part. */
type InspectOne = (order: RollbackOrder) => Promise<Extract<Shown, string>>;

function inspectWith(api: KubeApi): InspectOne {
  return async (order) => {
    try {
      const deployment = await readDeployment(api, order.target);
      if (deployment.metadata.uid !== order.uid) return "moved";
      if (isDone(order, deployment)) return "applied";
      return templateDigest(deployment.spec.template) === order.from.digest ? "not-applied" : "moved";
    } catch (error) {
      return error instanceof KubeError && error.kind === "not-found" ? "moved" : "not-observable";
    }
  };
}

/** One read, check and patch. Throws KubeError. */
async function attempt(
  { api, now }: DeploymentStrategyOptions,
  order: RollbackOrder,
  signal: AbortSignal,
): Promise<ActOutcome> {
  const deployment = await readDeployment(api, order.target, signal);
  const replicaSets = await readReplicaSets(api, deployment, signal);
  const target = replicaSets
    .filter(({ spec }) => templateDigest(spec.template) === order.to.digest)
    .reduce<ReplicaSet | undefined>((a, b) => (a && revisionOf(a) > revisionOf(b) ? a : b), undefined);
  const stop = preconditions(order, deployment, target);
  if (stop !== undefined || target === undefined) return stop ?? missing(order);
  const note = {
    decision: order.decisionId,
    at: now(),
    uid: order.uid,
    from: order.from.digest,
    to: order.to.digest,
    revision: nextRevision(replicaSets, target),
  };
  const notes = [note, ...rememberedRollbacks(deployment, replicaSets)] as const;
  await api.patch(deploymentRef(order.target), rollbackPatch(deployment, target, notes), signal);
  return applied(order, `the cluster runs it as revision ${note.revision}`);
}

/** Why the change must not be made, or that it was made before; undefined when it can be made. */
function preconditions(
  order: RollbackOrder,
  deployment: Deployment,
  target: ReplicaSet | undefined,
): ActOutcome | undefined {
  const what = describe(deploymentRef(order.target));
  const { metadata, spec } = deployment;
  if (metadata.uid !== order.uid) {
    return failed("superseded", `${what} was deleted and made anew since the decision; nothing was changed.`);
  }
  if (isDone(order, deployment)) return applied(order, "an earlier attempt of the same decision did it");
  if (metadata.deletionTimestamp !== undefined) {
    return failed("target-missing", `${what} is being deleted; nothing was changed.`);
  }
  if (templateDigest(spec.template) !== order.from.digest) {
    return failed(
      "superseded",
      `${what} no longer has the template of revision ${order.from.name}; somebody changed it since the ` +
        `decision, and nothing was undone.`,
    );
  }
  if (spec.paused === true) {
    return failed("paused", `${what} is paused, so no rollback can take effect. Resume it: ${resume(order)}`);
  }
  return target === undefined ? missing(order) : undefined;
}

function applied(order: RollbackOrder, how: string): ActOutcome {
  const images = Object.values(order.to.images).join(", ");
  const detail = `The template of revision ${order.to.name}${images && ` (${images})`} was put back: ${how}.`;
  return { kind: "applied", detail };
}

function missing(order: RollbackOrder): ActOutcome {
  return failed(
    "revision-missing",
    `No ReplicaSet of ${describe(deploymentRef(order.target))} holds revision ${order.to.name} any more. ` +
      `Raise spec.revisionHistoryLimit, and deploy a good version by hand.`,
  );
}

function resume({ target }: RollbackOrder): string {
  const { namespace, name } = deploymentRef(target);
  return `kubectl -n ${namespace} rollout resume deployment/${name}`;
}
