import type { RevisionText, RollbackPlan } from "../daemon/commands.ts";
import { visibleDeep } from "../text/visible.ts";
import type { Io } from "./io.ts";
import { paint, type Tone } from "./log-text.ts";

const TONES: Readonly<Record<string, Tone>> = { "-": "red", "+": "green", "~": "yellow" };

/** What a rollback would change, for a person who is about to agree to it. */
export function planText(plan: RollbackPlan, io: Pick<Io, "color">): string {
  const { policy, target, from, to, diff, warnings } = visibleDeep(plan);
  return [
    `Policy  ${policy}`,
    `Target  ${target}`,
    `From    ${sideText(from)}`,
    `To      ${sideText(to)}`,
    ...diff.map((line, at) => `${at === 0 ? "Change" : "      "}  ${paint(TONES[line[0] ?? ""], line, io)}`),
    ...warnings.map((warning) => `Note    ${warning}`),
  ].join("\n");
}

function sideText({ revision, standing, images }: RevisionText): string {
  const named = Object.entries(images).map(([container, image]) => `${container}=${image}`);
  return [`${revision} (${standing})`, ...named].join("  ");
}
