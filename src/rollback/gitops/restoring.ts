import type { KubeApi } from "../../kubernetes/api.ts";
import { KubeError } from "../../kubernetes/error.ts";
import type { GitOpsOwner } from "../../releases/gitops-owner.ts";
import { readOwner } from "./owner.ts";
import { ownerReader } from "./owner-object.ts";
import { NotSuspendable } from "./refused.ts";

/** Asks each owner whether it would put a change back without being asked. Never throws. */
export type AskOwners = (owners: readonly GitOpsOwner[]) => Promise<readonly GitOpsOwner[]>;

export interface AskOwnersOptions {
  readonly api: KubeApi;
  /** Default namespace of Argo CD Applications. */
  readonly argocdNamespace: string;
  /** Bound on one owner, ms. Default 5 s. */
  readonly boundMs?: number;
}

/**
 * Marks those that list the target and are known to leave a change alone. What cannot be read, is not found or does
 * not list the target stays as it is: it may put the change back.
 */
export function askOwners({ api, argocdNamespace, boundMs = 5_000 }: AskOwnersOptions): AskOwners {
  const ask = async (owner: GitOpsOwner): Promise<GitOpsOwner> => {
    if (owner.tool === "helm" || owner.tool === "controller") return owner;
    const reader = ownerReader(api, AbortSignal.timeout(boundMs));
    try {
      const { unclaimed, leavesAlone } = await readOwner(owner, { reader, argocdNamespace, decisionId: "" });
      return unclaimed === undefined && leavesAlone !== undefined ? { ...owner, leavesAlone } : owner;
    } catch (error) {
      if (error instanceof KubeError || error instanceof NotSuspendable) return owner;
      throw error;
    }
  };
  return (owners) => Promise.all(owners.map(ask));
}
