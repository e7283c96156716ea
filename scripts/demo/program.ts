import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const BUILD = join(import.meta.dirname, "../build.ts");

/** Builds rollbackd into `folder`; gives the program that its users get. */
export async function buildProgram(folder: string): Promise<string> {
  const dist = join(folder, "rollbackd/dist");
  await mkdir(dist, { recursive: true });
  await writeFile(join(folder, "rollbackd/package.json"), '{"type":"module"}\n');
  await run(process.execPath, [BUILD, dist]);
  return join(dist, "rollbackd.js");
}

/** Runs a command of rollbackd on the demo's own output; gives its exit code. */
export async function runCommand(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}
