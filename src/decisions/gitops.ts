import { type GitOpsOwner, ownerText } from "../releases/gitops-owner.ts";
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
export function afterEffects({ owners = [] }: Pick<Situation, "owners">): readonly string[] {
  return owners.map((owner) =>
    isKeeper(owner)
      ? `${ownerText(owner)} (${owner.seenIn}) will undo this at its next sync: revert the release in Git.`
      : `${ownerText(owner)} does not know of this: the next helm upgrade brings the release back unless it is mended there.`,
  );
}

function isKeeper({ tool }: GitOpsOwner): boolean {
  return tool !== "helm";
}
