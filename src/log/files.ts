import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

/** One file of the log. Its name holds the time and number of its first record, so that names sort by both. */
export interface LogFile {
  readonly name: string;
  readonly path: string;
  readonly firstSeq: number;
  /** Epoch ms. */
  readonly firstAt: number;
}

const NAME = /^(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3}Z)-(\d+)\.jsonl$/;

/** Where the log of a data folder lives. */
export function logFolder(dataDir: string): string {
  return join(dataDir, "decisions");
}

export function fileName(firstAt: number, firstSeq: number): string {
  // Colons are not allowed in names on every file system that a data folder is copied to.
  const time = new Date(firstAt).toISOString().replaceAll(":", "-");
  return `${time}-${String(firstSeq).padStart(9, "0")}.jsonl`;
}

/** Oldest first; files with other names are not part of the log. Rejects when the folder cannot be read. */
export async function listFiles(folder: string): Promise<LogFile[]> {
  const names = (await readdir(folder)).sort();
  return names.flatMap((name) => {
    const [, day, hours, minutes, rest, seq] = NAME.exec(name) ?? [];
    return day === undefined
      ? []
      : [
          {
            name,
            path: join(folder, name),
            firstSeq: Number(seq),
            firstAt: Date.parse(`${day}${hours}:${minutes}:${rest}`),
          },
        ];
  });
}

/** Makes the creation, renaming or removal of a file in the folder survive a power loss. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
