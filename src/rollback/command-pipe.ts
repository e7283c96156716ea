import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A pipe of the kind that a shell makes. The caller closes `writeFd` once the child has it. */
export interface OutputPipe {
  readonly reader: Socket;
  readonly writeFd: number;
  /** Ends the reading. What still holds the pipe may go on writing; see `keepOpen`. */
  readonly release: () => void;
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
    const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const reader = new Socket({ fd: readFd, readable: true, writable: false });
    try {
      const writeFd = openSync(path, constants.O_WRONLY);
      // Only now: without a writer this blocking open for reading would wait for one.
      const keeper = keepOpen(path);
      const release = (): void => {
        reader.destroy();
        keeper.stdin?.destroy();
      };
      return { reader, writeFd, release };
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

/**
 * A second reader, in a session of its own, that outlives the daemon. A service that a script started keeps the pipe
 * as its output: without any reader its next line would end it by SIGPIPE, and a full pipe would stop it for ever.
 * The process waits until its standard input ends (`release`, or the death of the daemon); then it reads and discards
 * until the last writer is gone.
 */
function keepOpen(path: string): ChildProcess {
  const readFd = openSync(path, constants.O_RDONLY);
  try {
    const keeper = spawn("sh", ["-c", "read -r _; exec cat <&3 >/dev/null"], {
      cwd: "/",
      env: { PATH: process.env["PATH"] },
      stdio: ["pipe", "ignore", "ignore", readFd],
      detached: true,
    });
    keeper.on("error", () => undefined);
    keeper.stdin?.on("error", () => undefined);
    keeper.unref();
    return keeper;
  } finally {
    closeSync(readFd);
  }
}
