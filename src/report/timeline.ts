import { formatDuration } from "../text/format.ts";
import type { LogRecord } from "../log/record.ts";
import { sentence } from "./sentence.ts";
import { type Incident, instant } from "./incident.ts";
import { plain, section, table } from "./markdown.ts";

/** More than anybody reads; a trigger that comes and goes all day makes thousands. */
const MAX_ROWS = 150;

/** What happened, in the order in which the log has it. Who was told has a table of its own. */
export function timeline({ decision, around }: Incident): string {
  const told = around.filter(({ type }) => !type.startsWith("notification."));
  const shown = told.length <= MAX_ROWS ? told : shortened(told, decision);
  const rows = shown.map((record) => [
    instant(record.at),
    offset(record, decision),
    plain(record.type),
    record.seq === decision.seq ? "**this decision**" : plain(withoutId(record, decision)),
  ]);
  const left = told.length - shown.length;
  return section(
    "Timeline",
    "All times are UTC.",
    table(["at", "from the decision", "what", "in words"], rows),
    left === 0 ? "" : `${left} more, of triggers that came and went, are left out; the log has them.`,
  );
}

/** What another decision did keeps its id. */
function withoutId(record: LogRecord, { decisionId }: Incident["decision"]): string {
  return sentence(record).replace(`[${decisionId}] `, "");
}

/** Changes of triggers go first, the oldest of them. */
function shortened(told: readonly LogRecord[], decision: Incident["decision"]): readonly LogRecord[] {
  const excess = told.length - MAX_ROWS;
  const dropped = new Set(
    told.filter(({ type, seq }) => type.startsWith("trigger.") && seq < decision.seq).slice(0, excess),
  );
  return told.filter((record) => !dropped.has(record));
}

function offset(record: LogRecord, decision: LogRecord): string {
  const ms = Date.parse(record.at) - Date.parse(decision.at);
  if (ms === 0) return "0 s";
  return ms < 0 ? formatDuration(ms) : `+${formatDuration(ms)}`;
}
