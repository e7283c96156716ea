import { stat } from "node:fs/promises";
import { check, GENESIS, parse, type Flaw, type Head } from "./chain.ts";
import { listFiles, type LogFile } from "./files.ts";
import { blocksForward, linesOf, type Block } from "./lines.ts";

/** The first thing that is wrong. */
export interface Defect {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** What the line says of itself; undefined when it says nothing that can be read. */
  readonly seq: number | undefined;
  /** `truncated` and `rewritten` show only against a head that was noted elsewhere. */
  readonly flaw: Flaw | "unfinished" | "truncated" | "rewritten";
  readonly detail: string;
}

export interface Verdict {
  /** The last record up to which everything is as it was written. */
  readonly head: Head;
  readonly records: number;
  readonly files: number;
  readonly defect: Defect | undefined;
}

interface Progress {
  head: Head;
  records: number;
  known: boolean;
}

/**
 * Reads the whole log and names the first record that is not as it was written. `known` is a head from somewhere else
 * (a page, a metric; the first digits of its hash are enough): only against one can it be seen that the end is missing or that everything was written anew.
 */
export async function verifyLog(folder: string, known?: Head): Promise<Verdict> {
  const files = await listFiles(folder);
  const progress: Progress = { head: GENESIS, records: 0, known: known === undefined || known.seq === 0 };
  for (const [index, file] of files.entries()) {
    const defect = await verifyFile(file, index === files.length - 1, progress, known);
    if (defect !== undefined) {
      return verdict(progress, files, await withOrder(folder, progress.head, defect));
    }
  }
  return verdict(progress, files, progress.known ? undefined : truncation(files, progress, known));
}

function verdict(
  { head, records }: Progress,
  files: readonly LogFile[],
  defect: Defect | undefined,
): Verdict {
  return { head, records, files: files.length, defect };
}

async function verifyFile(
  file: LogFile,
  isLast: boolean,
  progress: Progress,
  known: Head | undefined,
): Promise<Defect | undefined> {
  let line = 0;
  let end = 0;
  for await (const block of blocksForward(file.path)) {
    for (const { bytes } of linesOf(block)) {
      line += 1;
      const defect = verifyLine(bytes, progress, known);
      if (defect !== undefined) {
        return { file: file.path, line, ...defect };
      }
    }
    end = block.offset + block.bytes.length + 1;
  }
  // At the very end a writer may be in the middle of a line; anywhere else nobody is.
  return !isLast && end < (await stat(file.path)).size
    ? {
        file: file.path,
        line: line + 1,
        seq: undefined,
        flaw: "unfinished",
        detail: "the file ends in mid-line",
      }
    : undefined;
}

function verifyLine(
  bytes: Buffer,
  progress: Progress,
  known: Head | undefined,
): Omit<Defect, "file" | "line"> | undefined {
  const checked = check(bytes, progress.head);
  if (!checked.ok) {
    return { seq: checked.seq, flaw: checked.flaw, detail: checked.detail };
  }
  const { seq, hash } = checked.record;
  if (known?.seq === seq) {
    if (!hash.startsWith(known.hash)) {
      const detail = `its hash is ${hash}, the head that you gave is ${known.hash}`;
      return { seq, flaw: "rewritten", detail };
    }
    progress.known = true;
  }
  progress.head = { seq, hash };
  progress.records += 1;
  return undefined;
}

function truncation(files: readonly LogFile[], progress: Progress, known: Head | undefined): Defect {
  const { seq } = progress.head;
  return {
    file: files.at(-1)?.path ?? "",
    line: 0,
    seq: undefined,
    flaw: "truncated",
    detail: `the log ends with record ${seq}, the head that you gave is record ${known?.seq}`,
  };
}

/** Records that seem to be missing may only stand further down. */
async function withOrder(folder: string, head: Head, defect: Defect): Promise<Defect> {
  if (defect.flaw !== "missing") {
    return defect;
  }
  const wanted = head.seq + 1;
  for (const file of await listFiles(folder)) {
    for await (const block of blocksForward(file.path)) {
      const found = lineOf(block, wanted);
      if (found) {
        const detail = `record ${defect.seq} stands before record ${wanted}, which comes later in ${file.name}`;
        return { ...defect, flaw: "reordered", detail };
      }
    }
  }
  return defect;
}

function lineOf(block: Block, seq: number): boolean {
  return linesOf(block).some(({ bytes }) => parse(bytes)?.seq === seq);
}
