import { execFile } from "node:child_process";
import { access, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { inject } from "vitest";
import { eventually } from "./eventually.ts";

const BUILD = join(import.meta.dirname, "../../scripts/build.ts");

/**
 * `rollbackd.js` as it is shipped, for tests that start it: a third of the processor time of starting it from its
 * sources. Whoever asks first in a run builds it, the others wait for that.
 */
export async function builtProgram(): Promise<string> {
  const folder = inject("programFolder");
  const dist = join(folder, "dist");
  if (await isFirst(join(folder, "building"))) {
    const unfinished = join(folder, "unfinished");
    await promisify(execFile)(process.execPath, [BUILD, unfinished]);
    await rename(unfinished, dist);
  }
  await eventually("rollbackd is built", () => access(dist), { withinMs: 120_000 });
  return join(dist, "rollbackd.js");
}

async function isFirst(mark: string): Promise<boolean> {
  try {
    await mkdir(mark);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
