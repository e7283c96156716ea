import type { KubeApi } from "../kubernetes/api.ts";
import { KubeError } from "../kubernetes/error.ts";
import { type GitOpsOwner, ownerText } from "../releases/gitops-owner.ts";
import type { TargetWatch } from "../releases/watch.ts";
import type { ActOutcome, Prepare, RollbackOrder, Suspension } from "./act.ts";
import { failed, tryRepeatedly } from "./attempts.ts";
import { suspendArgo } from "./suspend-argo.ts";
import { suspendFlux } from "./suspend-flux.ts";
import { NotSuspendable } from "./suspend-refused.ts";

export interface SuspendOptions {
  readonly api: KubeApi;
  /** The last look at the target and who owns it. */
  readonly reread: TargetWatch["reread"];
  /** Where Applications are that do not say it themselves. */
  readonly argocdNamespace: string;
  /** Bound on all owners together. Default 30 s. */
  readonly boundMs?: number;
}

/** Has every owner of the target that would undo a rollback by itself leave it alone. */
export function suspendOwners(options: SuspendOptions): Prepare {
  return async (order, signal) => {
    const bound = AbortSignal.any([signal, AbortSignal.timeout(options.boundMs ?? 30_000)]);
    const lookup = await options.reread();
    if (!lookup.ok) return { ...notKnown(order, lookup.detail), suspended: [] };
    const suspended: Suspension[] = [];
    for (const owner of lookup.snapshot.owners ?? []) {
      const outcome = await suspendOne(owner, order, options, bound);
      if (outcome !== undefined && "reason" in outcome) return { ...outcome, suspended };
      if (outcome !== undefined) suspended.push(outcome);
    }
    return { kind: "prepared", suspended };
  };
}

type Failed = Extract<ActOutcome, { kind: "failed" }>;

/** Undefined where there is nothing to suspend. */
async function suspendOne(
  owner: GitOpsOwner,
  { decisionId }: RollbackOrder,
  { api, argocdNamespace }: SuspendOptions,
  signal: AbortSignal,
): Promise<Suspension | Failed | undefined> {
  if (owner.tool === "helm") return undefined;
  if (owner.tool === "controller") return notSuspended(owner, "rollbackd cannot suspend an operator.");
  try {
    const once = (): Promise<Suspension | undefined> =>
      owner.tool === "argocd"
        ? suspendArgo({ namespace: argocdNamespace, ...owner }, decisionId, api, signal)
        : suspendFlux(owner, decisionId, api, signal);
    const outcome = await tryRepeatedly(once, signal);
    return outcome instanceof KubeError ? notSuspended(owner, outcome.message) : outcome;
  } catch (error) {
    if (error instanceof NotSuspendable) return notSuspended(owner, error.message);
    throw error;
  }
}

function notSuspended(owner: GitOpsOwner, why: string): Failed {
  return failed(
    "gitops-not-suspended",
    `${ownerText(owner)} could not be suspended and would undo the rollback: ${why}`,
  );
}

function notKnown({ target }: RollbackOrder, why: string): Failed {
  return failed(
    "gitops-not-suspended",
    `Who would undo a rollback of ${target} could not be looked up: ${why}`,
  );
}
