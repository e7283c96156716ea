import type { LogRecord } from "../log/record.ts";
import { checkpointLines, nextStep } from "../notifications/checkpoint.ts";
import type { Io } from "./io.ts";
import { sentence } from "../report/sentence.ts";
import { visibleDeep } from "../text/visible.ts";
import { paint, policyOf, time, toneOf, wrap } from "./log-text.ts";

/** One record by itself: a report after a launch with all its checks, of others what `log list` says, uncut. */
export function recordText(raw: LogRecord, io: Pick<Io, "color" | "columns">): string {
  const record = visibleDeep(raw);
  const rows = [
    ["at", time(record.at)],
    ["policy", policyOf(record)],
    ["record", `${record.seq}, ${record.hash}`],
  ];
  return [
    paint(toneOf(record), record.type, io),
    ...rows.map(([name = "", value = ""]) => `  ${name.padEnd(8)} ${value}`),
    "",
    ...linesOf(record).map((line) => wrap(line, io.columns, 2)),
  ].join("\n");
}

function linesOf(record: LogRecord): readonly string[] {
  return record.type === "checkpoint.passed" || record.type === "checkpoint.failed"
    ? [...checkpointLines(record), nextStep(record)]
    : [sentence(record)];
}
