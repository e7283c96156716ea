import { GENESIS, parse, seal } from "../../src/log/chain.ts";
import type { Append, LogRecord, RecordBody } from "../../src/log/record.ts";

/** A log that forgets with the process: true to order, chain and listeners, without the disk. */
export interface MemoryLog {
  readonly append: Append;
  readonly onAppended: (listener: (record: LogRecord) => void) => () => void;
  readonly records: readonly LogRecord[];
  /** All so far, as the history for an outbox. */
  readonly history: () => AsyncIterable<LogRecord>;
}

export function memoryLog(start: readonly LogRecord[] = []): MemoryLog {
  const records = [...start];
  const listeners = new Set<(record: LogRecord) => void>();
  return {
    records,
    append: async (body, at = Date.UTC(2026, 0, 1) + records.length * 1000) => {
      const record = sealed(body, records.at(-1), at);
      records.push(record);
      listeners.forEach((listener) => listener(record));
      return record;
    },
    onAppended: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async *history() {
      yield* records.slice();
    },
  };
}

/** The bodies as records of one log, a second apart. */
export function recordsOf(bodies: readonly RecordBody[]): readonly LogRecord[] {
  const records: LogRecord[] = [];
  for (const body of bodies) {
    records.push(sealed(body, records.at(-1), Date.UTC(2026, 0, 1) + records.length * 1000));
  }
  return records;
}

function sealed(body: RecordBody, before: LogRecord | undefined, at: number): LogRecord {
  const record = parse(Buffer.from(seal(body, before ?? GENESIS, at)));
  if (record === undefined) {
    throw new Error("not a record");
  }
  return record;
}
