import { formatInstant } from "../text/format.ts";
import type { DecisionRecord } from "../log/record.ts";

/** More are in the log. */
const MAX_NAMED = 10;

/** What else may be the cause: ConfigMaps and Secrets of the release's pods that somebody changed. Empty where there are none. */
export function changedLately({ context }: Pick<DecisionRecord, "context">): string {
  const changed = context?.references?.changed ?? [];
  if (changed.length === 0) return "";
  const named = changed
    .slice(0, MAX_NAMED)
    .map(({ kind, name, at }) => `${kind} ${name} (${formatInstant(Date.parse(at))})`);
  const more = changed.length > MAX_NAMED ? ` and ${changed.length - MAX_NAMED} more` : "";
  return `Changed lately and read by its pods: ${named.join(", ")}${more}. No rollback puts these back: look at them, too.`;
}
