import { mkdir, open, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parse, seal, type Head } from "./chain.ts";
import { syncFolder } from "./files.ts";
import { lock, LogLocked } from "./lock.ts";
import type { Append, LogRecord, RecordBody } from "./record.ts";
import { openSegment } from "./segment.ts";
import { recoverTail, type TornTail } from "./tail.ts";
import { LogUnwritable } from "./unwritable.ts";

const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Larger than nearly every record, so that a disk which takes the probe takes the next record. */
const PROBE_BYTES = 64 * 1024;

/** The one writer of a log. */
export interface LogWriter {
  readonly append: Append;
  readonly head: () => Head;
  /** Tries the disk itself; for readiness, and for "may I act?" before anything was appended. */
  readonly writable: () => Promise<
    { readonly ok: true } | { readonly ok: false; readonly error: LogUnwritable }
  >;
  /** Calls back with each record once it is durable, in order. The listener must not throw. Returns the way to stop. */
  readonly onAppended: (listener: (record: LogRecord) => void) => () => void;
  /** Waits for what is under way, then gives the folder back. */
  readonly close: () => Promise<void>;
  /** What a crash had left behind, for a person to be told. */
  readonly torn: readonly TornTail[];
}

interface Waiting {
  readonly body: RecordBody;
  readonly at: number;
  readonly resolve: (record: LogRecord) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Opens the log in a folder, making it if need be. Rejects with LogLocked when another process writes it,
 * and with LogUnwritable when the folder cannot be used.
 */
export async function openLog(
  path: string,
  options: { readonly now?: () => number; readonly maxFileBytes?: number } = {},
): Promise<LogWriter> {
  const folder = resolve(path);
  const now = options.now ?? Date.now;
  await makeFolder(folder);
  const unlock = await lock(folder).catch((error: unknown) => {
    throw error instanceof LogLocked ? error : new LogUnwritable(folder, error);
  });
  try {
    const tail = await recoverTail(folder, now());
    const segment = openSegment(folder, tail.file, options.maxFileBytes ?? MAX_FILE_BYTES);
    const listeners = new Set<(record: LogRecord) => void>();
    const queue = appendQueue(segment.write, tail, (record) =>
      listeners.forEach((listener) => listener(record)),
    );
    let closed = false;
    return {
      append: (body, at = now()) =>
        closed ? Promise.reject(new LogUnwritable(folder, "it is closed")) : queue.append(body, at),
      head: queue.head,
      writable: () => probe(folder),
      onAppended: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      close: async () => {
        closed = true;
        await queue.idle();
        await segment.close();
        await unlock();
      },
      torn: tail.torn,
    };
  } catch (error) {
    await unlock();
    throw new LogUnwritable(folder, error);
  }
}

/** Records that come while the disk is busy share the next write and its flush. */
function appendQueue(
  write: (bytes: Buffer, first: { readonly seq: number; readonly at: number }) => Promise<void>,
  tail: { readonly head: Head; readonly lastAt: number },
  appended: (record: LogRecord) => void,
) {
  let { head, lastAt } = tail;
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function writeBatch(batch: readonly Waiting[]): Promise<readonly LogRecord[]> {
    try {
      const sealed = sealAll(batch, head, lastAt);
      const lines = Buffer.from(sealed.lines.join(""));
      await write(lines, { seq: head.seq + 1, at: sealed.firstAt });
      ({ head, lastAt } = sealed);
      batch.forEach(({ resolve }, index) => resolve(sealed.records[index] as LogRecord));
      return sealed.records;
    } catch (error) {
      batch.forEach(({ reject }) => reject(error));
      return [];
    }
  }

  async function run(): Promise<void> {
    // Appends of the same turn go into one batch.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      (await writeBatch(batch)).forEach(appended);
    }
    running = undefined;
  }

  return {
    append: (body: RecordBody, at: number): Promise<LogRecord> =>
      new Promise((resolve, reject) => {
        waiting.push({ body, at, resolve, reject });
        running ??= run();
      }),
    head: () => head,
    idle: async () => running,
  };
}

function sealAll(batch: readonly Waiting[], head: Head, lastAt: number) {
  const lines: string[] = [];
  const records: LogRecord[] = [];
  for (const { body, at } of batch) {
    // A clock that was set back does not make history run backwards.
    lastAt = Math.max(lastAt, at);
    const line = seal(body, head, lastAt);
    const record = parse(Buffer.from(line));
    if (record === undefined) {
      throw new TypeError(`a record of type ${body.type} cannot be written as JSON`);
    }
    head = { seq: record.seq, hash: record.hash };
    lines.push(`${line}\n`);
    records.push(record);
  }
  return { lines, records, head, lastAt, firstAt: Math.max(Date.parse(records[0]?.at ?? ""), 0) };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    const made = await mkdir(folder, { recursive: true });
    // A new folder lasts once its parent is on disk; so does every one that was made on the way to it.
    for (let child = folder; made !== undefined && child.length >= made.length; child = dirname(child)) {
      await syncFolder(dirname(child));
    }
  } catch (error) {
    throw new LogUnwritable(folder, error);
  }
}

async function probe(folder: string) {
  const path = join(folder, "probe");
  try {
    const file = await open(path, "w");
    try {
      await file.writeFile(Buffer.alloc(PROBE_BYTES, 1));
      await file.datasync();
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
    return { ok: true } as const;
  } catch (error) {
    return { ok: false, error: new LogUnwritable(folder, error) } as const;
  }
}
