import type { RevisionText, RollbackPlan } from "../daemon/commands.ts";

/** What a rollback would change, for a person who is about to agree to it. */
export function planText({ policy, target, from, to, diff, warnings }: RollbackPlan): string {
  return [
    `Policy  ${policy}`,
    `Target  ${target}`,
    `From    ${sideText(from)}`,
    `To      ${sideText(to)}`,
    ...diff,
    ...warnings.map((warning) => `Note    ${warning}`),
  ].join("\n");
}

function sideText({ revision, standing, images }: RevisionText): string {
  const named = Object.entries(images).map(([container, image]) => `${container}=${image}`);
  return [`${revision} (${standing})`, ...named].join("  ");
}
