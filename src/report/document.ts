import { acted, verification } from "./acted.ts";
import { changed } from "./changed.ts";
import { fired } from "./fired.ts";
import type { Incident } from "./incident.ts";
import { inTheWay } from "./in-the-way.ts";
import { lookFurther } from "./look-further.ts";
import { records } from "./records.ts";
import { summary } from "./summary.ts";
import { timeline } from "./timeline.ts";
import { told } from "./told.ts";

const SECTIONS = [
  summary,
  timeline,
  fired,
  changed,
  inTheWay,
  acted,
  verification,
  told,
  lookFurther,
  records,
];

/**
 * Everything about one decision that helps to find its cause, as one Markdown document. The same records give the same
 * text. `scrub` takes secrets out of a text.
 */
export function reportDocument(incident: Incident, scrub: (text: string) => string): string {
  const clean = withoutSecrets(incident, scrub);
  const parts = SECTIONS.map((part) => part(clean)).filter((part) => part !== "");
  return `${parts.join("\n\n")}\n`;
}

/** Before they are written as Markdown, whose backslashes could hide them from whoever looks for them. */
function withoutSecrets(incident: Incident, scrub: (text: string) => string): Incident {
  return JSON.parse(scrub(JSON.stringify(incident))) as Incident;
}
