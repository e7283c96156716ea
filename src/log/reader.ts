import { parse } from "./chain.ts";
import { listFiles, type LogFile } from "./files.ts";
import { blocksBackward, blocksForward, linesOf, type Block } from "./lines.ts";
import type { LogRecord } from "./record.ts";

/** Which records; every condition given must hold. */
export interface LogFilter {
  readonly policy?: string;
  /** A whole type (`decision.made`) or its first half (`rollback`). */
  readonly type?: string;
  readonly decision?: "rollback" | "hold" | "escalate";
  readonly decisionId?: string;
  /** Epoch ms, inclusive. */
  readonly from?: number;
  /** Epoch ms, inclusive. */
  readonly to?: number;
}

/** A line that is no record: reading goes on without it, and somebody should run `log verify`. */
export type OnUnreadable = (place: { readonly file: string; readonly offset: number }) => void;

interface Read extends LogFilter {
  readonly onUnreadable?: OnUnreadable;
}

/** Oldest first. Reads beside a live writer; a line that is not finished yet is not seen. Rejects when the folder cannot be read. */
export async function* readLog(
  folder: string,
  options: Read & { readonly sinceSeq?: number } = {},
): AsyncGenerator<LogRecord> {
  const files = await listFiles(folder);
  const since = options.sinceSeq ?? 0;
  for (const [index, file] of files.entries()) {
    const next = files[index + 1];
    if ((next === undefined || next.firstSeq > since) && overlaps(file, next, options)) {
      for await (const block of blocksForward(file.path)) {
        yield* recordsOf(block, file, options).filter((record) => record.seq >= since);
      }
    }
  }
}

/**
 * Newest first; `beforeSeq` is the cursor of the next page. Reads from the end in blocks and never more than
 * the reader takes, so that the newest of a million records cost as much as the newest of a thousand.
 */
export async function* readNewest(
  folder: string,
  options: Read & { readonly beforeSeq?: number } = {},
): AsyncGenerator<LogRecord> {
  const files = await listFiles(folder);
  const before = options.beforeSeq ?? Number.POSITIVE_INFINITY;
  for (const [index, file] of [...files.entries()].reverse()) {
    if (file.firstSeq < before && overlaps(file, files[index + 1], options)) {
      for await (const block of blocksBackward(file.path)) {
        if (!isPast(block, before, options.to)) {
          yield* recordsOf(block, file, options)
            .filter((record) => record.seq < before)
            .reverse();
        }
      }
    }
  }
}

/** Everything about one decision, oldest first: where a person asked for it, that first. Empty when the log does not know it. */
export async function byDecision(folder: string, decisionId: string): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for await (const record of readNewest(folder, { decisionId })) {
    found.push(record);
    // Nothing about a decision is written before it is made, or asked for.
    const isFirst = record.type === "operator.rollback";
    if (isFirst || (record.type === "decision.made" && record.manual === undefined)) {
      break;
    }
  }
  return found.reverse();
}

/** The record with this number; undefined when the log has none. */
export async function bySeq(folder: string, seq: number): Promise<LogRecord | undefined> {
  for await (const record of readNewest(folder, { beforeSeq: seq + 1 })) {
    return record.seq === seq ? record : undefined;
  }
  return undefined;
}

/** A block that begins after the page does is passed over without parsing the rest of it. */
function isPast(block: Block, before: number, to = Number.POSITIVE_INFINITY): boolean {
  const [first] = linesOf(block);
  const record = first && parse(first.bytes);
  return record !== undefined && (record.seq >= before || Date.parse(record.at) > to);
}

function recordsOf(block: Block, file: LogFile, options: Read): LogRecord[] {
  const needles = needlesOf(options);
  if (!needles.every((needle) => block.bytes.includes(needle))) {
    return [];
  }
  const records: LogRecord[] = [];
  for (const line of linesOf(block)) {
    if (needles.every((needle) => line.bytes.includes(needle))) {
      const record = parse(line.bytes);
      if (record === undefined) {
        options.onUnreadable?.({ file: file.path, offset: line.offset });
      } else if (matches(record, options)) {
        records.push(record);
      }
    }
  }
  return records;
}

/** Bytes that a matching line must hold: most lines are passed over without being parsed. */
function needlesOf(filter: LogFilter): Buffer[] {
  const { policy, decision, decisionId, type } = filter;
  const needles = Object.entries({ policy, decision, decisionId }).flatMap(([key, value]) =>
    value === undefined ? [] : [`${JSON.stringify(key)}:${JSON.stringify(value)}`],
  );
  return [...needles, ...(type === undefined ? [] : [`"type":${JSON.stringify(type).slice(0, -1)}`])].map(
    (text) => Buffer.from(text),
  );
}

function matches(record: LogRecord, filter: LogFilter): boolean {
  const { policy, type, decision, decisionId, from = 0, to = Number.POSITIVE_INFINITY } = filter;
  const at = Date.parse(record.at);
  return (
    at >= from &&
    at <= to &&
    has(record, "policy", policy) &&
    has(record, "decision", decision) &&
    has(record, "decisionId", decisionId) &&
    (type === undefined || record.type === type || record.type.startsWith(`${type}.`))
  );
}

function has(record: LogRecord, key: string, value: string | undefined): boolean {
  return value === undefined || (record as unknown as Readonly<Record<string, unknown>>)[key] === value;
}

/** Instants never run backwards within a log, so a file's records lie between its name and the next one's. */
function overlaps(file: LogFile, next: LogFile | undefined, { from, to }: LogFilter): boolean {
  return (
    (to === undefined || file.firstAt <= to) &&
    (from === undefined || next === undefined || next.firstAt >= from)
  );
}
