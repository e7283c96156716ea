import { open as openFile, rm, stat, writeFile } from "node:fs/promises";
import { blocksBackward, linesOf } from "./lines.ts";
import { GENESIS, open, type Head } from "./chain.ts";
import { listFiles, syncFolder, type LogFile } from "./files.ts";

/** What a crash left behind the last whole record, and where it is kept now. */
export interface TornTail {
  readonly file: string;
  readonly bytes: number;
  readonly movedTo: string;
}

export interface Tail {
  readonly head: Head;
  /** Instant of the last record, epoch ms; 0 for an empty log. */
  readonly lastAt: number;
  /** Where to go on writing; undefined for an empty log. */
  readonly file: { readonly path: string; readonly size: number } | undefined;
  readonly torn: readonly TornTail[];
}

/**
 * Finds the last whole record. Bytes behind it were never acknowledged to anybody (or the disk lost them);
 * they are moved to a file of another ending, so that every line of a `.jsonl` parses and nothing is thrown away.
 */
export async function recoverTail(folder: string, at: number): Promise<Tail> {
  const torn: TornTail[] = [];
  for (const file of (await listFiles(folder)).reverse()) {
    const last = await lastWhole(file);
    const end = last?.end ?? 0;
    if (end < (await stat(file.path)).size) {
      torn.push(await setAside(file, end, at));
    }
    if (last !== undefined) {
      return { head: last.head, lastAt: last.at, file: { path: file.path, size: end }, torn };
    }
    await rm(file.path);
    await syncFolder(folder);
  }
  return { head: GENESIS, lastAt: 0, file: undefined, torn };
}

async function lastWhole(file: LogFile): Promise<{ head: Head; at: number; end: number } | undefined> {
  for await (const block of blocksBackward(file.path)) {
    for (const line of [...linesOf(block)].reverse()) {
      const opened = open(line.bytes);
      if (opened.ok) {
        const { seq, hash, at } = opened.record;
        return { head: { seq, hash }, at: Date.parse(at), end: line.offset + line.bytes.length + 1 };
      }
    }
  }
  return undefined;
}

async function setAside(file: LogFile, end: number, at: number): Promise<TornTail> {
  const movedTo = `${file.path.replace(/\.jsonl$/, "")}.torn-${new Date(at).toISOString().replaceAll(":", "-")}`;
  const handle = await openFile(file.path, "r+");
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - end), 0, size - end, end);
    // The copy is on disk before the original goes.
    await writeFile(movedTo, buffer.subarray(0, bytesRead), { flush: true });
    await handle.truncate(end);
    await handle.sync();
    return { file: file.path, bytes: bytesRead, movedTo };
  } finally {
    await handle.close();
  }
}
