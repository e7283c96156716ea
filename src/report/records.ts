import { type Incident, instant } from "./incident.ts";
import { code, plain, section, table } from "./markdown.ts";

/** More are in the log. */
const MAX_ROWS = 300;

/** What all of this is taken from, to be found and verified. */
export function records({ own, around }: Incident): string {
  const ids = new Set(own.map(({ seq }) => seq));
  const all = around.length <= MAX_ROWS ? around : own.slice(0, MAX_ROWS);
  const rows = all.map(({ seq, at, type, hash }) => [
    String(seq),
    instant(at),
    ids.has(seq) ? `**${plain(type)}**` : plain(type),
    code(hash),
  ]);
  return section(
    "Related records",
    "Those in bold carry the id of this decision; `rollbackd log verify` shows whether they are as they were written.",
    table(["record", "at (UTC)", "type", "hash"], rows),
    all === around ? "" : `${around.length - all.length} others of the same policy and time are left out.`,
  );
}
