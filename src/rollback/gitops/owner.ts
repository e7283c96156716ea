import type { Patch } from "../../kubernetes/api.ts";
import type { ResourceRef } from "../../kubernetes/resource.ts";
import { type GitOpsOwner, type KeptObject, ownerText } from "../../releases/gitops-owner.ts";
import type { Suspension } from "../act.ts";
import { argoPatch, argoSuspension } from "./argo.ts";
import { unclaimedByApplication, unclaimedByHelmRelease, unclaimedByKustomization } from "./claim.ts";
import { AUTOMATED, SUSPEND, whyNotLasting } from "./corrector.ts";
import { fluxPatch, fluxSuspension } from "./flux.ts";
import {
  applicationRef,
  helmReleaseRef,
  isAutomated,
  kustomizationRef,
  type OwnerReader,
  type Reconciled,
  runningReconciliation,
  runningSync,
} from "./owner-object.ts";
import { NotSuspendable } from "./refused.ts";

/** One owner's object as it is now, in terms that Argo CD and Flux share. */
export interface OwnerNow {
  readonly owner: GitOpsOwner;
  readonly ref: ResourceRef & { readonly name: string };
  /** Whether it puts the target back without being asked. */
  readonly isActive: boolean;
  /** Why it leaves a change of the target alone until its next release; undefined where it puts the change back. */
  readonly leavesAlone: string | undefined;
  /** Why the target is not known to be its own; undefined where it lists the target. */
  readonly unclaimed: string | undefined;
  /** What it does now and may still apply; undefined while it does nothing. */
  readonly running: string | undefined;
  /** What is left to resume for this decision; undefined where it was inactive before the decision. */
  readonly suspension: Suspension | undefined;
  /** Suspends it, on condition that it is as it was read. */
  readonly patch: Patch;
  /** Why its suspension would not last. */
  readonly whyNotLasting: () => Promise<string | undefined>;
}

export interface OwnerContext {
  readonly reader: OwnerReader;
  readonly argocdNamespace: string;
  readonly decisionId: string;
}

/** Reads an owner that can be suspended. Throws KubeError and NotSuspendable. */
export function readOwner(owner: GitOpsOwner, context: OwnerContext): Promise<OwnerNow> {
  switch (owner.tool) {
    case "argocd":
      return readArgo({ namespace: context.argocdNamespace, ...owner }, context);
    case "flux-kustomization":
    case "flux-helmrelease":
      return readFlux(owner, context);
    case "helm":
    case "controller":
      throw new NotSuspendable(`rollbackd cannot suspend ${ownerText(owner)}.`);
  }
}

async function readArgo(owner: GitOpsOwner & { readonly namespace: string }, context: OwnerContext) {
  const { reader, decisionId } = context;
  const { name, namespace } = owner;
  if (name === undefined) {
    throw new NotSuspendable("the target does not show which Application keeps it. Suspend it by hand.");
  }
  const ref = applicationRef(namespace, name);
  const application = await reader.application(ref);
  return {
    owner,
    ref,
    isActive: isAutomated(application),
    leavesAlone: isAutomated(application) ? undefined : "it syncs only when it is asked",
    unclaimed: unclaimed(owner, (kept) => unclaimedByApplication(application, kept)),
    running: runningSync(application),
    suspension: argoSuspension(owner, ref, application, decisionId),
    patch: argoPatch(application, decisionId),
    whyNotLasting: () => whyNotLasting(application, AUTOMATED, context),
  };
}

async function readFlux(owner: GitOpsOwner, context: OwnerContext) {
  const { reader, decisionId } = context;
  const { name, namespace } = owner;
  if (name === undefined || namespace === undefined) {
    throw new NotSuspendable("the target does not show by which object it is kept. Suspend it by hand.");
  }
  const common = (object: Reconciled, ref: OwnerNow["ref"], kind: "Kustomization" | "HelmRelease") => ({
    owner,
    ref,
    isActive: object.spec.suspend !== true,
    leavesAlone: leavesAlone(object, kind),
    running: runningReconciliation(object),
    suspension: fluxSuspension(owner, ref, object, decisionId),
    patch: fluxPatch(object, decisionId),
    whyNotLasting: () => whyNotLasting(object, { kind, ...SUSPEND }, context),
  });
  if (owner.tool === "flux-helmrelease") {
    const ref = helmReleaseRef(namespace, name);
    const release = await reader.helmRelease(ref);
    const claim = unclaimed(owner, (kept) => unclaimedByHelmRelease(release, kept));
    return { ...common(release, ref, "HelmRelease"), unclaimed: claim };
  }
  const ref = kustomizationRef(namespace, name);
  const kustomization = await reader.kustomization(ref);
  const claim = unclaimed(owner, (kept) => unclaimedByKustomization(kustomization, kept));
  return { ...common(kustomization, ref, "Kustomization"), unclaimed: claim };
}

/** A HelmRelease corrects the cluster only with drift detection; its next upgrade changes the target all the same. */
function leavesAlone(object: Reconciled, kind: "Kustomization" | "HelmRelease"): string | undefined {
  if (object.spec.suspend === true) return "it is suspended";
  const mode = "driftDetection" in object.spec ? object.spec.driftDetection?.mode : undefined;
  return kind === "HelmRelease" && mode !== "enabled" ? "its drift detection is off" : undefined;
}

/** An owner keeps a target of several objects when it lists each that names it. */
function unclaimed(
  { keeps = [] }: GitOpsOwner,
  look: (kept: KeptObject) => string | undefined,
): string | undefined {
  if (keeps.length === 0) return "the target's objects are not known";
  return keeps.map(look).find((why) => why !== undefined);
}
