import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { RecordBody } from "../../src/log/record.ts";
import { openLog } from "../../src/log/writer.ts";

/** Any record with a number in it. */
export function note(index: number): RecordBody {
  return { type: "daemon.stopped", cause: `note ${index}` };
}

/** A closed log of `count` records, ten seconds apart from the start of 2026. */
export async function writeLog(folder: string, count: number, maxFileBytes?: number): Promise<void> {
  let at = Date.UTC(2026, 0, 1);
  const log = await openLog(folder, {
    now: () => (at += 10_000),
    ...(maxFileBytes === undefined ? {} : { maxFileBytes }),
  });
  await Promise.all(Array.from({ length: count }, (_, index) => log.append(note(index + 1))));
  await log.close();
}

/** Paths of the log's files, oldest first. */
export async function logFiles(folder: string): Promise<string[]> {
  return (await readdir(folder))
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .map((name) => join(folder, name));
}
