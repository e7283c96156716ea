import type { KubeApi, Patch } from "../kubernetes/api.ts";
import { KubeError } from "../kubernetes/error.ts";
import type { Deployment, ReplicaSet } from "../kubernetes/objects.ts";
import { describe, type ResourceRef } from "../kubernetes/resource.ts";
import { nextRevision, revisionOf } from "../releases/deployment-history.ts";
import { rememberedRollbacks } from "../releases/deployment-marks.ts";
import type { HeldBack } from "../releases/held-back.ts";
import { digestAmong } from "../releases/deployment-digest.ts";
import { findBy, findTemplate } from "../releases/template-identity.ts";
import type { Act, ActOutcome, Applied, Failed, RollbackOrder, Shown, Strategy } from "./act.ts";
import { afterWrite, type Aftermath } from "./after-write.ts";
import { afterError, doneByPeer, unchanged } from "./attempts.ts";
import { notesWith, writtenDigest } from "./own-write.ts";
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
  /** Bound on one try; a last look after it has the bound of one request. Default 30 s. */
  readonly boundMs?: number;
}

const EARLIER_ATTEMPT = "an earlier attempt of the same decision did it";

export interface WorkloadStrategy extends Strategy {
  readonly inspect: InspectOne;
  readonly settle: NonNullable<Strategy["settle"]>;
  /** All of the act but the change itself; `applied` says that nothing stands in its way. */
  readonly rehearse: Act;
}

/**
 * Puts an earlier template back on a workload, on condition that the workload is still
 * what was decided about. Every try reads and checks anew, and one that landed although its answer was lost is
 * recognised, so it never acts twice.
 */
export function workloadStrategy(kind: WorkloadKind, options: WorkloadStrategyOptions): WorkloadStrategy {
  const { api, boundMs = 30_000 } = options;
  const inspect = inspectWith(kind, api);
  const settle = settleWith(kind, api);
  const tryIt = async (order: RollbackOrder, ports: AttemptPorts, signal: AbortSignal) => {
    try {
      return await attempt(kind, order, ports, AbortSignal.any([signal, AbortSignal.timeout(boundMs)]));
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      const outcome = await afterError(error, kind.refOf(order.target), () => inspect(order));
      return outcome === "applied"
        ? settle(order, "the API server's answer was lost; the cluster shows it", signal)
        : outcome;
    }
  };
  return {
    repeatable: true,
    inspect,
    settle: (order, signal) => settle(order, "the cluster shows it", signal),
    rehearse: (order, signal) => tryIt(order, { ...options, isRehearsal: true }, signal),
    act: (order, signal) => tryIt(order, { ...options, isRehearsal: false }, signal),
  };
}

interface AttemptPorts extends WorkloadStrategyOptions {
  /** The API server checks the change, admission included, and changes nothing. */
  readonly isRehearsal: boolean;
}

/** One object is never changed in part. */
type InspectOne = (order: RollbackOrder) => Promise<Extract<Shown, string>>;

function inspectWith(kind: WorkloadKind, api: KubeApi): InspectOne {
  return async (order) => {
    try {
      const workload = await kind.read(api, order.target);
      const { deployment, replicaSets } = workload;
      if (deployment.metadata.uid !== order.uid) return "moved";
      if (writtenDigest(order, deployment, replicaSets) !== undefined) return "applied";
      return runsFrom(order, workload) ? "not-applied" : "moved";
    } catch (error) {
      return error instanceof KubeError && error.kind === "not-found" ? "moved" : "not-observable";
    }
  };
}

/** What an act left that is known to have happened. An object that cannot be read is taken to be as it was ordered. */
function settleWith(kind: WorkloadKind, api: KubeApi) {
  return async (order: RollbackOrder, how: string, signal: AbortSignal): Promise<Applied> => {
    try {
      const workload = await kind.read(api, order.target, signal);
      const digest = writtenDigest(order, workload.deployment, workload.replicaSets);
      return await settled(
        { kind, api, order },
        { workload, digest: digest ?? order.to.digest, how },
        signal,
      );
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return applied(order, how);
    }
  };
}

interface Doing {
  readonly kind: WorkloadKind;
  readonly api: KubeApi;
  readonly order: RollbackOrder;
}

/** `digest`: of the template that the write left. */
async function settled(
  { kind, api, order }: Doing,
  seen: { readonly workload: Workload; readonly digest: string; readonly how: string },
  signal: AbortSignal,
): Promise<Applied> {
  const { deployment, replicaSets } = seen.workload;
  const templates = [deployment, ...replicaSets].map(({ spec }) => spec.template);
  const withDigest = (digest: string) => templates.find((each) => digestAmong(each, [digest]) === digest);
  const got = withDigest(seen.digest);
  if (got === undefined) return applied(order, seen.how);
  const known = { from: withDigest(order.from.digest), asked: withDigest(order.to.digest) };
  const written = { ...known, before: undefined, got, object: deployment };
  const after = await afterWrite({ api, ref: kind.refOf(order.target) }, order, written, signal);
  return applied(order, seen.how, after);
}

/** One read, check and patch. Throws KubeError. */
async function attempt(
  kind: WorkloadKind,
  order: RollbackOrder,
  { api, now, isRehearsal }: AttemptPorts,
  signal: AbortSignal,
): Promise<ActOutcome> {
  const workload = await kind.read(api, order.target, signal);
  const { deployment, replicaSets } = workload;
  const target = findBy(replicaSets, order.to.digest, [order.from.digest]).reduce<ReplicaSet | undefined>(
    (a, b) => (a && revisionOf(a) > revisionOf(b) ? a : b),
    undefined,
  );
  const stop = preconditions(kind, order, workload);
  if (stop === "done") {
    const digest = writtenDigest(order, deployment, replicaSets) ?? order.to.digest;
    return settled({ kind, api, order }, { workload, digest, how: EARLIER_ATTEMPT }, signal);
  }
  if (stop !== undefined) return stop;
  if (target === undefined) return missing(kind, order);
  const revision = nextRevision(replicaSets, target);
  const generation = (deployment.metadata.generation ?? 0) + 1;
  const remembered = rememberedRollbacks(deployment, replicaSets);
  const patch = workload.patchTo(target, notesWith(order, { at: now(), revision, generation }, remembered));
  const ref = kind.refOf(order.target);
  const sent = isRehearsal ? { ...patch, dryRun: true as const } : patch;
  const object = await patchIfUnchanged<Deployment>(api, ref, sent, signal);
  const got = object.spec.template;
  if (digestAmong(got, [order.to.digest, order.from.digest]) === order.from.digest)
    return { kind: "again", failure: turnedBack(kind, order), answer: "turned back", isRefused: true };
  const how = `the cluster runs it as revision ${revision}`;
  if (isRehearsal) return applied(order, how);
  const from = deployment.spec.template;
  const written = { before: deployment, from, asked: target.spec.template, got, object };
  return applied(order, how, await afterWrite({ api, ref }, order, written, signal));
}

/** Has the workload the template of the release, a restart of it included, or one that was agreed to be replaced? */
function runsFrom(
  { from, to, staged = [] }: RollbackOrder,
  { deployment, replicaSets, heldBack }: Workload,
): boolean {
  if (heldBack?.staged !== undefined && staged.includes(heldBack.staged)) return true;
  return findTemplate(deployment, replicaSets, { digest: from.digest, named: [to.digest] });
}

/** Why the change must not be made, or that it was made before; undefined when it can be made. */
function preconditions(
  kind: WorkloadKind,
  order: RollbackOrder,
  workload: Workload,
): Failed | "done" | undefined {
  const { deployment, replicaSets, heldBack } = workload;
  const what = describe(kind.refOf(order.target));
  const { metadata } = deployment;
  if (metadata.uid !== order.uid) {
    return unchanged(
      "superseded",
      `${what} was deleted and made anew since the decision; nothing was changed.`,
    );
  }
  if (writtenDigest(order, deployment, replicaSets) !== undefined) return "done";
  if (metadata.deletionTimestamp !== undefined) {
    return unchanged("target-missing", `${what} is being deleted; nothing was changed.`);
  }
  if (!runsFrom(order, workload)) {
    const detail =
      `${what} no longer has the template of revision ${order.from.name}; it was changed since the ` +
      `decision, and nothing was undone.`;
    return doneByPeer(order, deployment) ?? unchanged("superseded", detail);
  }
  if (heldBack?.needsPerson !== true || order.manual !== undefined) return undefined;
  return unchanged(heldBack.kind === "paused" ? "paused" : "held-back", `${heldBack.detail}.`);
}

function applied(
  order: RollbackOrder,
  how: string,
  { sentences = [], runs }: Partial<Aftermath> = {},
): Applied {
  const images = Object.values(order.to.images).join(", ");
  const put = `The template of revision ${order.to.name}${images && ` (${images})`} is in force: ${how}.`;
  return { kind: "applied", detail: [put, ...sentences].join(" "), ...(runs && { runs }) };
}

function turnedBack({ refOf }: WorkloadKind, { target, from }: RollbackOrder): Failed {
  return unchanged(
    "rejected",
    `The API server took the change of ${describe(refOf(target))}, but admission turned the template back to that ` +
      `of revision ${from.name}. Find out which webhook does that: kubectl get mutatingwebhookconfigurations`,
  );
}

function missing({ refOf, revisionKind }: WorkloadKind, order: RollbackOrder): ActOutcome {
  return unchanged(
    "revision-missing",
    `No ${revisionKind} of ${describe(refOf(order.target))} holds revision ${order.to.name} any more. ` +
      `Raise spec.revisionHistoryLimit, and deploy a good version by hand.`,
  );
}
