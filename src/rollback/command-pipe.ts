import { execFile } from "node:child_process";
import { constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A pipe of the kind that a shell makes. The caller closes `writeFd` once the child has it. */
export interface OutputPipe {
  readonly reader: Socket;
  readonly writeFd: number;
}

const run = promisify(execFile);

/**
 * What Node calls a pipe is a socket, and a socket cannot be opened by name: `tee /dev/stderr` in a script
 * fails with "No such device or address", though the script works when a person runs it. A FIFO, unlinked as
 * soon as it is open, is a true pipe, and one for both streams keeps their order.
 * Undefined where it cannot be made (no writable temporary folder, no mkfifo).
 */
export async function openPipe(): Promise<OutputPipe | undefined> {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), "rollbackd-"));
    const path = join(folder, "output");
    await run("mkfifo", ["-m", "600", path]);
    // Without a writer a blocking open for reading would wait for one.
    const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const reader = new Socket({ fd: readFd, readable: true, writable: false });
    try {
      return { reader, writeFd: openSync(path, constants.O_WRONLY) };
    } catch {
      reader.destroy();
      return undefined;
    }
  } catch {
    return undefined;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}
