/** One side of a plan as the server tells it. */
interface Side {
  readonly revision: string;
  readonly standing: string;
  readonly images: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly policy: string;
  readonly target: string;
  readonly from: Side;
  readonly to: Side;
  readonly diff: readonly string[];
  readonly warnings: readonly string[];
}

/** What a rollback would change, for a person who is about to agree to it. */
export function planText({ policy, target, from, to, diff, warnings }: Plan): string {
  return [
    `Policy  ${policy}`,
    `Target  ${target}`,
    `From    ${sideText(from)}`,
    `To      ${sideText(to)}`,
    ...diff,
    ...warnings.map((warning) => `Note    ${warning}`),
  ].join("\n");
}

function sideText({ revision, standing, images }: Side): string {
  const named = Object.entries(images).map(([container, image]) => `${container}=${image}`);
  return [`${revision} (${standing})`, ...named].join("  ");
}
