import { open, readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

interface Owner {
  readonly pid: number;
  /** When that process started, in the kernel's ticks; tells a process from a later one with the same number. */
  readonly started: string;
  readonly host: string;
}

/** Another living process writes this log. */
export class LogLocked extends Error {
  override readonly name = "LogLocked";
  readonly pid: number;

  constructor(folder: string, pid: number) {
    super(
      `The decision log in ${folder} is being written by process ${pid}. ` +
        `Stop that one first, or give this one a data folder of its own (ROLLBACKD_DATA_DIR).`,
    );
    this.pid = pid;
  }
}

const TRIES = 5;
const LONGEST_PAUSE_MS = 50;

/**
 * One writer a folder. Each process that wants to write puts down a file of its own and then looks for others:
 * of two that do so at once at least one sees the other, so never both go on. The files of processes that are
 * gone are taken away, and so are those of another host: a volume that moved with its pod carries the lock of a
 * host that nobody can ask. Returns the way to give the folder back. Rejects with LogLocked.
 */
export async function lock(folder: string): Promise<() => Promise<void>> {
  const self = { pid: process.pid, started: await startOf(process.pid), host: hostname() };
  for (let tried = 1; ; tried += 1) {
    const other = await claim(folder, self);
    if (other === undefined) {
      return () => rm(join(folder, nameOf(self)), { force: true });
    }
    if (tried === TRIES) {
      throw new LogLocked(folder, other.pid);
    }
    // Two that saw each other both stepped back.
    await sleep(Math.random() * LONGEST_PAUSE_MS);
  }
}

/** Undefined when the folder is ours; else whose it is. */
async function claim(folder: string, self: Owner): Promise<Owner | undefined> {
  const mine = join(folder, nameOf(self));
  try {
    await (await open(mine, "wx")).close();
  } catch (error) {
    if (hasCode(error, "EEXIST")) {
      return self;
    }
    throw error;
  }
  for (const name of await readdir(folder)) {
    const owner = ownerOf(name);
    if (owner !== undefined && name !== nameOf(self)) {
      if (await isAlive(owner)) {
        await rm(mine, { force: true });
        return owner;
      }
      await rm(join(folder, name), { force: true });
    }
  }
  return undefined;
}

function nameOf({ pid, started, host }: Owner): string {
  return `writer-${pid}-${started}-${encodeURIComponent(host)}.lock`;
}

function ownerOf(name: string): Owner | undefined {
  const [, pid, started, host] = /^writer-(\d+)-(\d*)-(.*)\.lock$/.exec(name) ?? [];
  return started === undefined || host === undefined
    ? undefined
    : { pid: Number(pid), started, host: decodeURIComponent(host) };
}

async function isAlive(owner: Owner): Promise<boolean> {
  if (owner.host !== hostname()) {
    return false;
  }
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (!hasCode(error, "EPERM")) {
      return false;
    }
  }
  return (await startOf(owner.pid)) === owner.started;
}

/** Field 22 of /proc/PID/stat; empty where there is no such file system, and then only the number is compared. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the program's name in brackets and may itself hold spaces and brackets.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
