import { follow } from "../log/follow.ts";
import { byDecision, bySeq, type LogFilter, readNewest } from "../log/reader.ts";
import type { LogRecord } from "../log/record.ts";
import { reportDocument } from "../report/document.ts";
import { gatherIncident } from "../report/gather.ts";
import { createScrub } from "../telemetry/scrub.ts";

/** Where the log is read from: its folder, or a daemon that has it. Each function throws `NotRead` where it cannot be. */
export interface LogSource {
  /** For sentences: `The log of …`. */
  readonly where: string;
  /** The newest that match, newest first; lines that are no records are passed over and told. */
  readonly newest: (
    filter: LogFilter,
    limit: number,
    onUnreadable: (place: string) => void,
  ) => Promise<readonly LogRecord[]>;
  /** All records of a decision, oldest first; empty where the log does not know it. */
  readonly decision: (id: string) => Promise<readonly LogRecord[]>;
  readonly record: (seq: number) => Promise<LogRecord | undefined>;
  /** Markdown. */
  readonly report: (id: string) => Promise<string | undefined>;
  /** The last ten records, then each new one, until `signal` aborts. */
  readonly follow: (signal: AbortSignal, onTrouble: (sentence: string) => void) => AsyncIterable<LogRecord>;
}

/** The log cannot be read; the message says why and what to do. */
export class NotRead extends Error {
  override readonly name = "NotRead";
}

const BEGIN_WITH = 10;

export function folderSource(folder: string): LogSource {
  return {
    where: folder,
    newest: async (filter, limit, onUnreadable) => {
      const records: LogRecord[] = [];
      const reading = readNewest(folder, {
        ...filter,
        onUnreadable: ({ file, offset }) => onUnreadable(`${file}, byte ${offset}`),
      });
      for await (const record of reading) {
        records.push(record);
        if (records.length >= limit) break;
      }
      return records;
    },
    decision: (id) => byDecision(folder, id),
    record: (seq) => bySeq(folder, seq),
    report: async (id) => {
      const incident = await gatherIncident(folder, id);
      // No secret is known here; what looks like one is taken out.
      return incident && reportDocument(incident, createScrub([], Date.now));
    },
    async *follow(signal) {
      let since = 1;
      for await (const { seq } of readNewest(folder)) {
        since = Math.max(1, seq - BEGIN_WITH + 1);
        break;
      }
      yield* follow(folder, since, signal);
    },
  };
}
