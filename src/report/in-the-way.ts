import { ownerText } from "../releases/gitops-owner.ts";
import type { Incident } from "./incident.ts";
import { fence, list, plain, section } from "./markdown.ts";

/** What others had to say about it: queries that can veto, GitOps tools, the precheck. */
export function inTheWay({ decision }: Incident): string {
  const { veto, owners = [], output } = decision;
  const facts = [
    ...(veto === undefined ? [] : [`Veto: ${plain(veto.detail)}`]),
    ...owners.map((owner) =>
      plain(`${ownerText(owner)} has a say in what the target runs (${owner.seenIn})`),
    ),
  ];
  return section(
    "Who else had a say",
    list(facts),
    ...(output === undefined ? [] : ["What the precheck printed:", fence(output, "text")]),
  );
}
