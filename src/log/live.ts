import { readLog } from "./reader.ts";
import type { LogRecord } from "./record.ts";
import type { LogWriter } from "./writer.ts";

export interface LiveLog extends Pick<LogWriter, "onAppended" | "head"> {
  readonly folder: string;
}

/** A reader that is further behind than this is let go; it can come back and go on where it was. */
const MAX_WAITING = 10_000;

/**
 * The records after `afterSeq`, first from the files and then as they are appended, each once and in order. Ends when
 * `signal` aborts, or when whoever reads is too slow.
 */
export async function* liveRecords(
  { folder, onAppended, head }: LiveLog,
  afterSeq: number,
  signal: AbortSignal,
): AsyncGenerator<LogRecord> {
  const waiting: LogRecord[] = [];
  let isTooSlow = false;
  let wake = Promise.withResolvers<void>();
  const unlisten = onAppended((record) => {
    if (waiting.length < MAX_WAITING) waiting.push(record);
    else isTooSlow = true;
    wake.resolve();
  });
  const onAbort = (): void => wake.resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    let last = afterSeq;
    // What is appended from here on waits already.
    const { seq: until } = head();
    if (last < until) {
      for await (const record of readLog(folder, { sinceSeq: last + 1 })) {
        if (signal.aborted || isTooSlow) return;
        if (record.seq > until) break;
        last = record.seq;
        yield record;
      }
    }
    while (!signal.aborted && !isTooSlow) {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        if (next.seq > last) yield next;
        last = Math.max(last, next.seq);
      }
      await wake.promise;
      wake = Promise.withResolvers();
    }
  } finally {
    unlisten();
    signal.removeEventListener("abort", onAbort);
  }
}
