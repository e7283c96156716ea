import { constants, open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { fileName, syncFolder } from "./files.ts";
import { LogUnwritable } from "./unwritable.ts";

/** The file at the end of the log. Holds all of what was written to it, or none: never a part. */
export interface Segment {
  /**
   * Durable when it resolves. Starts a new file when this one is full; `first` names it (`at`: epoch ms).
   * Rejects with LogUnwritable, and then the file is as it was before.
   */
  readonly write: (bytes: Buffer, first: { readonly seq: number; readonly at: number }) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Current {
  readonly path: string;
  /** Bytes that hold acknowledged records. */
  size: number;
  /** Whether the folder is known to hold the file after a power loss. */
  anchored: boolean;
  /** What a failed write left behind the acknowledged bytes, and could not be cut off. */
  dirty: boolean;
}

export function openSegment(
  folder: string,
  last: { readonly path: string; readonly size: number } | undefined,
  maxBytes: number,
): Segment {
  let current: Current | undefined = last && { ...last, anchored: true, dirty: false };
  let handle: FileHandle | undefined;

  async function close(): Promise<void> {
    const closing = handle;
    handle = undefined;
    await closing?.close();
  }

  async function write(bytes: Buffer, first: { seq: number; at: number }): Promise<void> {
    if (current !== undefined && current.size > 0 && current.size + bytes.length > maxBytes) {
      await close().catch(() => undefined);
      current = undefined;
    }
    current ??= {
      path: join(folder, fileName(first.at, first.seq)),
      size: 0,
      anchored: false,
      dirty: false,
    };
    try {
      handle ??= await open(current.path, constants.O_RDWR | constants.O_CREAT, 0o644);
      await writeTo(handle, current, bytes);
    } catch (error) {
      if (handle !== undefined && !(error instanceof SizeChanged)) {
        current.dirty = !(await cutBack(handle, current.size));
      }
      // A new descriptor may work where this one has gone stale.
      await close().catch(() => undefined);
      throw new LogUnwritable(folder, error);
    }
  }

  async function writeTo(file: FileHandle, to: Current, bytes: Buffer): Promise<void> {
    await expectSize(file, to);
    for (let done = 0; done < bytes.length;) {
      done += (await file.write(bytes, done, bytes.length - done, to.size + done)).bytesWritten;
    }
    await file.datasync();
    if (!to.anchored) {
      await syncFolder(folder);
      to.anchored = true;
    }
    to.size += bytes.length;
  }

  return { write, close };
}

/** A lock cannot stop a process on another host; this notices it before a record of either is overwritten. */
async function expectSize(file: FileHandle, to: Current): Promise<void> {
  const { size } = await file.stat();
  if (size > to.size && to.dirty) {
    await file.truncate(to.size);
    to.dirty = false;
  } else if (size !== to.size) {
    throw new SizeChanged(to.path, to.size, size);
  }
}

class SizeChanged extends Error {
  constructor(path: string, expected: number, found: number) {
    super(
      `${path} has ${found} bytes where ${expected} were written: another process changed it. ` +
        `Let one process write there, then restart rollbackd`,
    );
  }
}

async function cutBack(file: FileHandle, size: number): Promise<boolean> {
  try {
    const found = (await file.stat()).size;
    if (found > size) {
      await file.truncate(size);
    }
    return true;
  } catch {
    return false;
  }
}
