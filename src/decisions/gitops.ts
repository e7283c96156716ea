import { editCommand, type GitOpsOwner, ownerText } from "../releases/gitops-owner.ts";
import type { GitOpsMode } from "../rules/policy.ts";
import type { Situation } from "./situation.ts";

type Owned = Pick<Situation, "policy" | "owners">;

/** Why nothing is done to a target that somebody else would change back at once. */
export function ownedElsewhere({ policy, owners = [] }: Owned): string | undefined {
  const binding = owners.filter((owner) => binds(owner, policy.gitops));
  return binding.length === 0 ? undefined : binding.map((owner) => whyNot(owner, policy.gitops)).join("; ");
}

/** What a person does about the first owner that keeps rollbackd from acting; undefined where Git is the place. */
export function ownersNextStep({ policy, owners = [] }: Owned): string | undefined {
  const owner = owners.find((each) => binds(each, policy.gitops));
  const edit = owner && editCommand(owner);
  return edit === undefined
    ? undefined
    : `Change the release in the owner instead: ${edit} (gitops: warn in the policy rolls back all the same).`;
}

/** What people are to know where it is done all the same, a sentence each. */
export function afterEffects({ policy, owners = [] }: Owned): readonly string[] {
  return owners.map((owner) => afterEffect(owner, policy.gitops));
}

/** No rollbackd can suspend an operator, which has no switch that all of them share. */
function binds({ tool, leavesAlone }: GitOpsOwner, mode: GitOpsMode): boolean {
  if (tool === "helm" || leavesAlone !== undefined) return false;
  return mode === "refuse" || (mode === "suspend" && tool === "controller");
}

function whyNot(owner: GitOpsOwner, mode: GitOpsMode): string {
  const seen = `(${owner.seenIn})`;
  if (owner.tool !== "controller") {
    return `${ownerText(owner)} ${seen} keeps it as it is in Git and would bring the release back`;
  }
  const kept = `${ownerText(owner)} owns it ${seen}, and its operator would bring the release back`;
  return mode === "suspend" ? `${kept}; rollbackd cannot suspend an operator` : kept;
}

function afterEffect(owner: GitOpsOwner, mode: GitOpsMode): string {
  const edit = editCommand(owner);
  if (edit !== undefined) {
    return `The operator of ${ownerText(owner)} (${owner.seenIn}) will undo this: change the release there: ${edit}.`;
  }
  if (owner.leavesAlone !== undefined) {
    return `${ownerText(owner)} (${owner.seenIn}) leaves this alone, because ${owner.leavesAlone}. Its next release brings the bad version back: revert it in Git.`;
  }
  if (owner.tool === "helm") {
    return `${ownerText(owner)} does not know of this: the next helm upgrade brings the release back unless it is fixed there.`;
  }
  return mode === "suspend"
    ? `${ownerText(owner)} (${owner.seenIn}) is suspended first, so that it does not undo this: revert the release in Git, then resume it; the log has the command.`
    : `${ownerText(owner)} (${owner.seenIn}) will undo this at its next sync: revert the release in Git.`;
}
