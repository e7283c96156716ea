import { link, open, readFile, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When that process started, in the kernel's ticks; tells a process from a later one with the same number. */
  readonly started: string;
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

/**
 * One writer a folder. The lock of a process that is gone is taken over, and so is one from another host:
 * a volume that moved with its pod carries the lock of a host that nobody can ask. Returns the way to give it back.
 */
export async function lock(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, "writer.lock");
  const mine = JSON.stringify(await self());
  if (!(await create(path, mine))) {
    await removeStale(folder, path);
    if (!(await create(path, mine))) {
      throw new LogLocked(folder, ownerOf(await read(path))?.pid ?? 0);
    }
  }
  return async () => {
    if ((await read(path)) === mine) {
      await rm(path, { force: true });
    }
  };
}

async function removeStale(folder: string, path: string): Promise<void> {
  const found = await read(path);
  const owner = ownerOf(found);
  if (owner !== undefined && (await isAlive(owner))) {
    throw new LogLocked(folder, owner.pid);
  }
  // Renaming is atomic, removing by name is not: between looking and removing, another process may have
  // taken the lock. What was moved away is looked at again and put back if it was somebody's.
  const aside = `${path}.stale-${process.pid}`;
  await rename(path, aside).catch(() => undefined);
  const moved = await read(aside);
  if (moved !== undefined && moved !== found) {
    await link(aside, path).catch(() => undefined);
  }
  await rm(aside, { force: true });
}

async function create(path: string, content: string): Promise<boolean> {
  // Written beside and linked into place, so that nobody ever reads a half-written lock.
  const draft = `${path}.${process.pid}`;
  const file = await open(draft, "w");
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") {
      return false;
    }
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

function ownerOf(content: string | undefined): Owner | undefined {
  const [, host, pid, started] =
    /^\{"host":"([^"]*)","pid":(\d+),"started":"(\d*)"\}$/.exec(content ?? "") ?? [];
  return host === undefined ? undefined : { host, pid: Number(pid), started: started ?? "" };
}

async function self(): Promise<Owner> {
  return { host: hostname(), pid: process.pid, started: await startOf(process.pid) };
}

async function isAlive(owner: Owner): Promise<boolean> {
  if (owner.host !== hostname()) {
    return false;
  }
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) {
      return false;
    }
  }
  return (await startOf(owner.pid)) === owner.started;
}

/** Field 22 of /proc/PID/stat; empty where there is no such file system, and then only the number is compared. */
async function startOf(pid: number): Promise<string> {
  const stat = (await read(`/proc/${pid}/stat`)) ?? "";
  // The second field is the program's name in brackets and may itself hold spaces and brackets.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
