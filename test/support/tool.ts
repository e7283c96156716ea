import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const UNPACKED = join(import.meta.dirname, "../../.cache/tools/usr/bin");

/**
 * Where a program lies: the environment's own answer (`PROMETHEUS_BIN` for `prometheus`), then PATH, then what
 * the set-up unpacked. Throws, naming the way out, when it is nowhere.
 */
export function findTool(name: string): string {
  const variable = `${name.toUpperCase()}_BIN`;
  const given = process.env[variable];
  const candidates =
    given === undefined
      ? [...(process.env.PATH ?? "").split(delimiter), UNPACKED].map((folder) => join(folder, name))
      : [given];
  const found = candidates.find(isExecutable);
  if (found === undefined) {
    throw new Error(
      `${name} was not found on PATH or in ${UNPACKED}; run scripts/setup.sh or set ${variable}`,
    );
  }
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
