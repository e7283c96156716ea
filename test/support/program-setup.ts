import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Where `program.ts` builds, when somebody needs it. Belongs to one run of the tests. */
    readonly programFolder: string;
  }
}

/** Before the first test file of any project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "rollbackd-program-"));
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  project.provide("programFolder", folder);
  return () => rm(folder, { recursive: true, force: true });
}
