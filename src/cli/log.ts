import type { LogRecord } from "../log/record.ts";
import { verifyLog, type Verdict } from "../log/verify.ts";
import type { Io } from "./io.ts";
import { filterOf, headOf, onFolder, onLog, type FilterOptions, type LogOptions } from "./log-options.ts";
import { recordText } from "./log-record.ts";
import { decisionJson, decisionText } from "./log-show.ts";
import type { LogSource } from "./log-source.ts";
import { paint, policyOf, row } from "./log-text.ts";

const MAX_POLICY_WIDTH = 32;
const FOLLOW_POLICY_WIDTH = 20;

/** The newest records that match, newest first. Exit code 0, also when there are none; 2 for a wrong call. */
export function listLog(
  options: LogOptions & FilterOptions & { readonly limit: number },
  io: Io,
): Promise<0 | 1 | 2> {
  return onLog(options, io, async ({ newest }) => {
    const unreadable: string[] = [];
    const filter = filterOf(options, io.now());
    const records = await newest(filter, options.limit, (place) => unreadable.push(place));
    showRows(records, options.format, io);
    if (unreadable.length > 0) {
      io.err(`Passed over what is no record: ${unreadable.join("; ")}. Next: \`rollbackd log verify\`.`);
    }
    return 0;
  });
}

function showRows(records: readonly LogRecord[], format: "text" | "json", io: Io): void {
  if (format === "json") {
    records.forEach((record) => io.out(JSON.stringify(record)));
  } else if (records.length === 0) {
    io.out("No record matches.");
  } else {
    const width = Math.min(MAX_POLICY_WIDTH, Math.max(...records.map((record) => policyOf(record).length)));
    records.forEach((record) => io.out(row(record, width, io)));
  }
}

/**
 * One decision with its evidence, what was done and who was told; or, by its number, any record. Exit code 1 when the
 * log does not know it.
 */
export function showInLog(options: LogOptions & { readonly id: string }, io: Io): Promise<0 | 1 | 2> {
  return onLog(options, io, async (source) => {
    const record = isNumber(options.id) ? await source.record(Number(options.id)) : undefined;
    if (record !== undefined && record.type !== "decision.made") {
      io.out(options.format === "json" ? JSON.stringify(record) : recordText(record, io));
      return 0;
    }
    return showDecision(source, { ...options, id: record?.decisionId ?? options.id }, io);
  });
}

function isNumber(id: string): boolean {
  return /^\d+$/.test(id);
}

async function showDecision(
  source: LogSource,
  { id, format }: LogOptions & { readonly id: string },
  io: Io,
): Promise<0 | 1> {
  const records = await source.decision(id);
  const decision = records.find((record) => record.type === "decision.made");
  if (decision === undefined) return unknown(source, id, io);
  io.out(
    format === "json" ? JSON.stringify(decisionJson(decision, records)) : decisionText(decision, records, io),
  );
  return 0;
}

/** Everything about one decision as a Markdown document. Exit code 1 when the log does not know it. */
export function reportDecision(
  options: Omit<LogOptions, "format"> & { readonly id: string },
  io: Io,
): Promise<0 | 1 | 2> {
  return onLog(options, io, async (source) => {
    const document = await source.report(options.id);
    if (document === undefined) return unknown(source, options.id, io);
    io.out(document.trimEnd());
    return 0;
  });
}

function unknown({ where }: LogSource, id: string, io: Io): 1 {
  const what = isNumber(id) ? "record" : "decision";
  io.err(`The log of ${where} knows no ${what} ${id}. Next: \`rollbackd log list --type decision\`.`);
  return 1;
}

/** The last ten records, then each new one, until `signal` aborts. */
export function followLog(
  options: LogOptions & { readonly signal: AbortSignal },
  io: Io,
): Promise<0 | 1 | 2> {
  return onLog(options, io, async (source) => {
    for await (const record of source.follow(options.signal, io.err)) {
      io.out(options.format === "json" ? JSON.stringify(record) : row(record, FOLLOW_POLICY_WIDTH, io));
    }
    return 0;
  });
}

/**
 * Is the log as it was written? `head` (`HASH@SEQ`, from a page or the metrics) also shows that its end is still there.
 * Exit code 1 when it is not whole.
 */
export function verifyLogFolder(
  options: LogOptions & { readonly head?: string | undefined },
  io: Io,
): Promise<0 | 1 | 2> {
  return onFolder(options, io, async (folder) => {
    const verdict = await verifyLog(folder, options.head === undefined ? undefined : headOf(options.head));
    io.out(options.format === "json" ? JSON.stringify(verdict) : verdictText(verdict, options.head, io));
    return verdict.defect === undefined ? 0 : 1;
  });
}

function verdictText({ head, records, files, defect }: Verdict, known: string | undefined, io: Io): string {
  if (defect === undefined) {
    const whole = `${records} records in ${files} files, each as it was written, none missing between them.`;
    const next =
      known === undefined
        ? "Next: compare the head with one that was noted elsewhere (a page has it), or pass that as --head: only so a cut-off end shows."
        : `The head that you gave is part of it.`;
    return `${paint("green", "Whole.", io)} ${whole}\nhead ${head.hash}@${head.seq}\n${next}`;
  }
  const line = defect.line === 0 ? "" : `:${defect.line}`;
  const record = defect.seq === undefined ? "" : ` (record ${defect.seq})`;
  return [
    `${paint("red", "Not whole.", io)} ${defect.file}${line}${record}: ${defect.flaw}: ${defect.detail}.`,
    records === 0
      ? "No record before it can be relied on."
      : `Records up to ${head.seq} are as they were written; head ${head.hash}@${head.seq}.`,
    "Next: keep a copy of the folder as it is, and find out who or what changed it.",
  ].join("\n");
}
