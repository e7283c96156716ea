import type { KubeApi } from "../../kubernetes/api.ts";
import { KubeError } from "../../kubernetes/error.ts";
import { rulesFor } from "../../kubernetes/resource.ts";
import { type GitOpsOwner, ownerText } from "../../releases/gitops-owner.ts";
import type { Lookup, TargetWatch } from "../../releases/watch.ts";
import type { Again, Failed, Prepare, Prepared, RollbackOrder, Suspension } from "../act.ts";
import { againFor, unchanged } from "../attempts.ts";
import { type OwnerContext, type OwnerNow, readOwner } from "./owner.ts";
import { ownerReader } from "./owner-object.ts";
import { NotSuspendable } from "./refused.ts";
import { whereApplicationsAre } from "./whereabouts.ts";

export interface SuspendOptions {
  readonly api: KubeApi;
  /** The last look at the target and who owns it. */
  readonly reread: TargetWatch["reread"];
  /** Default namespace of Argo CD Applications. */
  readonly argocdNamespace: string;
  /** Bound on all owners together, ms. Default 30 s. */
  readonly boundMs?: number;
}

/**
 * Suspends every owner of the target that would undo a rollback without being asked, or none: each must list the
 * target, and its suspension must last. Suspending twice is the same as suspending once. What an owner has begun may
 * still apply the release: it is never ended, and the act waits for its end.
 */
export function suspendOwners(options: SuspendOptions): Prepare {
  return async (order, signal) => {
    const bound = AbortSignal.any([signal, AbortSignal.timeout(options.boundMs ?? 30_000)]);
    const lookup = await options.reread();
    if (!lookup.ok) return { ...notKnown(order, lookup), suspended: [] };
    const owners = (lookup.snapshot.owners ?? []).filter(({ tool }) => tool !== "helm");
    const looked = await lookAtAll(owners, order, options, bound);
    if ("kind" in looked) return { ...looked, suspended: [] };
    const prepared = await suspendAll(looked, options, bound);
    if (prepared.kind !== "prepared") return prepared;
    const still = await lookAtSuspended(looked, order, options, bound);
    return still === undefined ? prepared : { ...still, suspended: prepared.suspended };
  };
}

/** Why the act cannot begin yet, or at all, although every owner was suspended a moment ago. */
async function lookAtSuspended(
  owners: readonly OwnerNow[],
  { decisionId }: RollbackOrder,
  options: SuspendOptions,
  signal: AbortSignal,
): Promise<Failed | Again | undefined> {
  const reader = ownerReader(options.api, signal);
  const context = { reader, argocdNamespace: options.argocdNamespace, decisionId };
  for (const { owner } of owners) {
    const now = await attempt(owner, () => readOwner(owner, context));
    if ("kind" in now) return now;
    if (now.isActive) {
      return notSuspended(
        owner,
        "it was set to go on again at once. Find out by whom, and suspend it there.",
      );
    }
    if (now.running !== undefined) return stillRunning(owner, now.running);
  }
  return undefined;
}

function stillRunning(owner: GitOpsOwner, running: string): Again {
  const failure = unchanged(
    "gitops-not-suspended",
    `${ownerText(owner)} is suspended, but ${running} and may still apply the release. rollbackd waits for its ` +
      `end and ends nothing of it.`,
  );
  return { kind: "again", failure, answer: "an owner that still syncs", isRefused: false };
}

/** The owners that keep the target, each ready to be suspended; or why not all of them can be. */
async function lookAtAll(
  owners: readonly GitOpsOwner[],
  { decisionId }: RollbackOrder,
  options: SuspendOptions,
  signal: AbortSignal,
): Promise<readonly OwnerNow[] | Failed | Again> {
  const reader = ownerReader(options.api, signal);
  const context = { reader, argocdNamespace: options.argocdNamespace, decisionId };
  const found: OwnerNow[] = [];
  const others: Failed[] = [];
  for (const owner of owners) {
    const look = await attempt(owner, () => readIfThere(owner, context, options, signal));
    if ("kind" in look) return look;
    // A leftover of another tool names an owner that is gone, or one that does not list the target.
    if ("notItsOwner" in look) others.push(look.notItsOwner);
    else found.push(look);
  }
  const [other] = others;
  if (found.length === 0 && other !== undefined) return other;
  for (const now of found.filter(({ isActive }) => isActive)) {
    const why = await attempt(now.owner, async () => ({ why: await now.whyNotLasting() }));
    if ("kind" in why) return why;
    if (why.why !== undefined) return notSuspended(now.owner, why.why);
  }
  return found;
}

/** `notItsOwner`: why it does not keep the target, whatever the target says. */
type Looked = OwnerNow | { readonly notItsOwner: Failed };

async function readIfThere(
  owner: GitOpsOwner,
  context: OwnerContext,
  options: SuspendOptions,
  signal: AbortSignal,
): Promise<Looked> {
  try {
    const now = await readOwner(owner, context);
    return now.unclaimed === undefined
      ? now
      : { notItsOwner: notSuspended(owner, `it does not list the target: ${now.unclaimed}.`) };
  } catch (error) {
    if (!(error instanceof KubeError) || error.kind !== "not-found") throw error;
    const where = owner.tool === "argocd" ? await whereApplicationsAre(owner, options, signal) : "";
    return { notItsOwner: notSuspended(owner, `${error.message}${where}`) };
  }
}

/** Suspends all, and resumes those that were suspended before one that cannot be. */
async function suspendAll(
  owners: readonly OwnerNow[],
  options: SuspendOptions,
  signal: AbortSignal,
): Promise<Prepared> {
  const suspended: Suspension[] = [];
  for (const { owner, isActive, ref, patch, suspension } of owners) {
    if (isActive) {
      const done = await attempt(owner, async () => {
        await options.api.patch(ref, patch, signal);
        return { done: true } as const;
      });
      if ("kind" in done) return { ...done, suspended };
    }
    if (suspension !== undefined) suspended.push(suspension);
  }
  return { kind: "prepared", suspended };
}

/** Suspending twice is the same as once, so that a lost answer needs no second look: it is tried again. */
async function attempt<T extends object>(
  owner: GitOpsOwner,
  once: () => Promise<T>,
): Promise<T | Failed | Again> {
  try {
    return await once();
  } catch (error) {
    if (error instanceof NotSuspendable) return notSuspended(owner, error.message);
    if (!(error instanceof KubeError)) throw error;
    const rights = error.kind === "forbidden" ? ` Suspending it needs: ${rightsFor(owner)}.` : "";
    const failure = notSuspended(owner, `${error.message}${rights}`);
    return error.kind === "not-found" ? failure : { ...againFor(error, failure), isUnread: true };
  }
}

/** Every rule that suspending the owner takes, so that one look at the page is enough. */
function rightsFor({ tool }: GitOpsOwner): string {
  switch (tool) {
    case "argocd":
      return [
        rulesFor(["get", "patch"], { group: "argoproj.io", resource: "applications" }),
        rulesFor(["get"], { group: "argoproj.io", resource: "applicationsets" }),
      ].join(" and ");
    case "flux-helmrelease":
      return rulesFor(["get", "patch"], { group: "helm.toolkit.fluxcd.io", resource: "helmreleases" });
    default:
      return rulesFor(["get", "patch"], { group: "kustomize.toolkit.fluxcd.io", resource: "kustomizations" });
  }
}

function notSuspended(owner: GitOpsOwner, why: string): Failed {
  return unchanged(
    "gitops-not-suspended",
    `${ownerText(owner)} could not be suspended and would undo the rollback: ${why}`,
  );
}

/** Nothing is done before the owners of the target are known. */
function notKnown(
  { target }: RollbackOrder,
  { reason, detail }: Extract<Lookup, { ok: false }>,
): Failed | Again {
  const failure = unchanged(
    "gitops-not-suspended",
    `Who would undo a rollback of ${target} could not be looked up: ${detail}`,
  );
  if (reason === "not-found") return failure;
  return { kind: "again", failure, answer: reason, isUnread: true, isRefused: reason === "forbidden" };
}
