import type { KubeApi, Patch } from "../kubernetes/api.ts";
import { KubeError } from "../kubernetes/error.ts";
import type { Deployment, ReplicaSet } from "../kubernetes/objects.ts";
import { describe, type ResourceRef } from "../kubernetes/resource.ts";
import { templateDigest } from "../releases/deployment-digest.ts";
import { nextRevision, revisionOf } from "../releases/deployment-history.ts";
import { rememberedRollbacks } from "../releases/deployment-marks.ts";
import type { HeldBack } from "../releases/held-back.ts";
import type { Act, ActOutcome, RollbackOrder, Shown, Strategy } from "./act.ts";
import { failed, failedFor, isDone, notesWith, tryRepeatedly } from "./attempts.ts";
import { type Notes, patchIfUnchanged } from "./patch.ts";

/** One workload as it is now, in the terms of a Deployment. */
export interface Workload {
  readonly deployment: Deployment;
  /** Its own, in any order. */
  readonly replicaSets: readonly ReplicaSet[];
  readonly heldBack: HeldBack | undefined;
  /** Puts the template of `revision` back, on condition that nothing was changed since this was read. */
  readonly patchTo: (revision: ReplicaSet, notes: Notes) => Patch;
}

/** What differs from one kind of workload to the other. */
export interface WorkloadKind {
  readonly refOf: (target: string) => ResourceRef & { readonly name: string };
  /** What people call the object that holds an earlier template. */
  readonly revisionKind: string;
  /** Asks the API server now. Throws KubeError. */
  readonly read: (api: KubeApi, target: string, signal?: AbortSignal) => Promise<Workload>;
}

export interface WorkloadStrategyOptions {
  readonly api: KubeApi;
  /** Epoch ms. */
  readonly now: () => number;
  /** Bound on all attempts together; a last look after it has the bound of one request. Default 30 s. */
  readonly boundMs?: number;
}

export interface WorkloadStrategy extends Strategy {
  readonly inspect: InspectOne;
  /** All of the act but the change itself; `applied` says that nothing stands in its way. */
  readonly rehearse: Act;
}

/**
 * Puts an earlier template back on a workload, on condition that the workload is still
 * what was decided about. Every attempt reads and checks anew, and one that landed although its answer was lost is
 * recognised, so it never acts twice.
 */
export function workloadStrategy(kind: WorkloadKind, options: WorkloadStrategyOptions): WorkloadStrategy {
  const { api, boundMs = 30_000 } = options;
  const inspect = inspectWith(kind, api);
  const tryIt = async (order: RollbackOrder, by: WorkloadStrategyOptions, signal: AbortSignal) => {
    const bound = AbortSignal.any([signal, AbortSignal.timeout(boundMs)]);
    return tryRepeatedly(() => attempt(kind, order, by, bound), bound);
  };
  return {
    repeatable: true,
    inspect,
    rehearse: async (order, signal) => {
      const outcome = await tryIt(order, rehearsal(options), signal);
      return outcome instanceof KubeError ? failedFor(outcome, kind.refOf(order.target)) : outcome;
    },
    act: async (order, signal) => {
      const outcome = await tryIt(order, options, signal);
      if (!(outcome instanceof KubeError)) return outcome;
      // The answer to a change that did happen may be what got lost.
      const landed = outcome.retryable && (await inspect(order)) === "applied";
      return landed
        ? applied(order, "the API server's answer was lost; the cluster shows it")
        : failedFor(outcome, kind.refOf(order.target));
    },
  };
}

/** The same, but every change is only tried. */
function rehearsal(options: WorkloadStrategyOptions): WorkloadStrategyOptions {
  const { api } = options;
  const dry: KubeApi = {
    ...api,
    patch: (ref, patch, signal) => api.patch(ref, { ...patch, dryRun: true }, signal),
  };
  return { ...options, api: dry };
}

/** One object is never changed in part. */
type InspectOne = (order: RollbackOrder) => Promise<Extract<Shown, string>>;

function inspectWith(kind: WorkloadKind, api: KubeApi): InspectOne {
  return async (order) => {
    try {
      const { deployment } = await kind.read(api, order.target);
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
  kind: WorkloadKind,
  order: RollbackOrder,
  { api, now }: WorkloadStrategyOptions,
  signal: AbortSignal,
): Promise<ActOutcome> {
  const workload = await kind.read(api, order.target, signal);
  const { deployment, replicaSets } = workload;
  const target = replicaSets
    .filter(({ spec }) => templateDigest(spec.template) === order.to.digest)
    .reduce<ReplicaSet | undefined>((a, b) => (a && revisionOf(a) > revisionOf(b) ? a : b), undefined);
  const stop = preconditions(kind, order, workload);
  if (stop !== undefined) return stop;
  if (target === undefined) return missing(kind, order);
  const revision = nextRevision(replicaSets, target);
  const notes = notesWith(order, { at: now(), revision }, rememberedRollbacks(deployment, replicaSets));
  await patchIfUnchanged(api, kind.refOf(order.target), workload.patchTo(target, notes), signal);
  return applied(order, `the cluster runs it as revision ${revision}`);
}

/** Why the change must not be made, or that it was made before; undefined when it can be made. */
function preconditions(
  kind: WorkloadKind,
  order: RollbackOrder,
  { deployment, heldBack }: Workload,
): ActOutcome | undefined {
  const what = describe(kind.refOf(order.target));
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
  return heldBack && failed(heldBack.reason, `${heldBack.detail}.`);
}

function applied(order: RollbackOrder, how: string): ActOutcome {
  const images = Object.values(order.to.images).join(", ");
  const detail = `The template of revision ${order.to.name}${images && ` (${images})`} was put back: ${how}.`;
  return { kind: "applied", detail };
}

function missing({ refOf, revisionKind }: WorkloadKind, order: RollbackOrder): ActOutcome {
  return failed(
    "revision-missing",
    `No ${revisionKind} of ${describe(refOf(order.target))} holds revision ${order.to.name} any more. ` +
      `Raise spec.revisionHistoryLimit, and deploy a good version by hand.`,
  );
}
