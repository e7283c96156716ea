import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "./chain.ts";
import { listFiles } from "./files.ts";
import { blocksForward, linesOf } from "./lines.ts";
import type { LogRecord } from "./record.ts";

const POLL_MS = 250;

/**
 * The records from `sinceSeq` on, and then each new one within a moment of its being written, until `signal` aborts.
 * Looks at the files only, so it works beside a daemon that knows nothing of it. Lines that are no records are passed over.
 */
export async function* follow(
  folder: string,
  sinceSeq: number,
  signal: AbortSignal,
): AsyncGenerator<LogRecord> {
  let place = { name: "", offset: 0 };
  while (!signal.aborted) {
    const files = await listFiles(folder);
    // Before the first look every file is new; later only the one being read, and those after it.
    for (const [index, file] of files.entries()) {
      const passed = file.name < place.name || (files[index + 1]?.firstSeq ?? Infinity) <= sinceSeq;
      if (passed) {
        continue;
      }
      place = file.name === place.name ? place : { name: file.name, offset: 0 };
      for await (const block of blocksForward(file.path, place.offset)) {
        place.offset = block.offset + block.bytes.length + 1;
        for (const line of linesOf(block)) {
          const record = parse(line.bytes);
          if (record !== undefined && record.seq >= sinceSeq) {
            yield record;
          }
        }
      }
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
