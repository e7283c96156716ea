import type { Complain } from "./complain.ts";
import type { Path } from "./document.ts";
import type { WrittenPolicy } from "./schema.ts";
import { TEXT_FIELDS, unknownFields } from "./status-page.ts";

/** Whether the texts for users name only what is known of a rollback. */
export function lintStatusPage(path: Path, { statusPage }: Partial<WrittenPolicy>, complain: Complain): void {
  if (statusPage === undefined) return;
  const { maintenance, components: _, ...incident } = statusPage;
  lintTexts([...path, "statusPage"], incident, complain);
  lintTexts([...path, "statusPage", "maintenance"], maintenance, complain);
}

function lintTexts(path: Path, texts: Readonly<Record<string, unknown>>, complain: Complain): void {
  for (const [key, text] of Object.entries(texts)) {
    if (typeof text !== "string") continue;
    for (const { field, index } of unknownFields(text)) {
      complain.inText([...path, key], index, {
        rule: "wrong-value",
        message: `There is no field \`{${field}}\`. Known here: ${TEXT_FIELDS.map((known) => `\`{${known}}\``).join(", ")}.`,
      });
    }
  }
}
