import { type GitOpsOwner, ownerText } from "../releases/gitops-owner.ts";
import type { GitOpsMode } from "../rules/policy.ts";
import type { Situation } from "./situation.ts";

/** Why nothing is done to a target that somebody else would change back at once. */
export function ownedElsewhere({ policy, owners = [] }: Situation): string | undefined {
  if (policy.gitops !== "refuse") return undefined;
  const keepers = owners.filter(isKeeper);
  if (keepers.length === 0) return undefined;
  const all = keepers.map((owner) => `${ownerText(owner)} (${owner.seenIn})`).join(" and ");
  return `${all} keeps it as it is in Git and would bring the release back`;
}

/** What people are to know where it is done all the same, a sentence each. */
export function afterEffects({
  policy,
  owners = [],
}: Pick<Situation, "policy" | "owners">): readonly string[] {
  return owners.map((owner) => afterEffect(owner, policy.gitops));
}

function afterEffect(owner: GitOpsOwner, mode: GitOpsMode): string {
  if (!isKeeper(owner)) {
    return `${ownerText(owner)} does not know of this: the next helm upgrade brings the release back unless it is mended there.`;
  }
  return mode === "suspend"
    ? `${ownerText(owner)} (${owner.seenIn}) is suspended first, so that it does not undo this: revert the release in Git, then resume it; the log has the command.`
    : `${ownerText(owner)} (${owner.seenIn}) will undo this at its next sync: revert the release in Git.`;
}

function isKeeper({ tool }: GitOpsOwner): boolean {
  return tool !== "helm";
}
