import { readFile, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { acrossFiles } from "./across-files.ts";
import { buildPolicy } from "./build.ts";
import { readDocument } from "./document.ts";
import { lint } from "./lint.ts";
import { withoutParked } from "./parked.ts";
import type { Policy } from "./policy.ts";
import { inReadingOrder, isError } from "./problem.ts";
import type { Problem } from "./problem.ts";
import type { RulesReading } from "./reading.ts";
import { validate } from "./validate.ts";

export interface LoadedRules {
  /** All policies of all files, or none where any problem is an error: rules are in force together or not at all. */
  readonly policies: readonly Policy[];
  /** In reading order. Warnings alone leave the policies in force. */
  readonly problems: readonly Problem[];
  readonly files: readonly RulesReading[];
}

/**
 * Loads rules from a file, or from every `*.yaml` and `*.yml` of a folder. Tests of rules and names that begin with a
 * dot (a mounted ConfigMap has those) are left out. Never throws: what cannot be read is a problem.
 */
export async function loadRules(...paths: readonly string[]): Promise<LoadedRules> {
  const found = await Promise.all(paths.map(readingsAt));
  const readings = found.flatMap((each) => each.readings);
  const problems = [
    ...readings.flatMap((each) => each.problems),
    ...found.flatMap((each) => each.warnings),
    ...acrossFiles(readings),
  ];
  return {
    policies: problems.some(isError) ? [] : readings.flatMap(({ policies }) => policies),
    problems: inReadingOrder(problems),
    files: readings,
  };
}

/** Reads the text of one rules file. Never throws. */
export function parseRules(file: string, text: string): RulesReading {
  const read = readDocument(file, text);
  if ("problems" in read) {
    return { file, document: undefined, written: [], policies: [], problems: read.problems };
  }
  const { document } = read;
  if (document.toData() === null) {
    return failed(
      file,
      "empty",
      "This file is empty. Start with `policies:` and a first policy, or remove it.",
    );
  }
  const validation = validate(document);
  const problems = [...validation.problems, ...lint(document, validation)];
  const sound = validation.rules !== undefined && !problems.some(isError);
  const policies = sound
    ? validation.rules.policies.map((written, index) =>
        buildPolicy(written, { file, line: document.locate(["policies", index]).line }),
      )
    : [];
  return { file, document, written: validation.policies, policies, problems };
}

/** A failure takes the place of the files that were not found. */
async function readingsAt(path: string): Promise<ReturnType<typeof withoutParked>> {
  try {
    if (!(await stat(path)).isDirectory()) return { readings: [await readFileAt(path)], warnings: [] };
    const files = (await readdir(path)).filter(isRulesFile).toSorted();
    return files.length === 0
      ? { readings: [failed(path, "empty", NO_FILES)], warnings: [] }
      : withoutParked(await Promise.all(files.map((file) => readFileAt(join(path, file)))));
  } catch (error) {
    return { readings: [failed(path, "file", unreadable(error))], warnings: [] };
  }
}

const NO_FILES = "This folder holds no rules. Put at least one `*.yaml` or `*.yml` file into it.";

async function readFileAt(path: string): Promise<RulesReading> {
  try {
    return parseRules(path, await readFile(path, "utf8"));
  } catch (error) {
    return failed(path, "file", unreadable(error));
  }
}

function isRulesFile(path: string): boolean {
  const name = basename(path);
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !name.startsWith(".");
}

function failed(file: string, rule: "file" | "empty", message: string): RulesReading {
  const problem: Problem = { file, line: 1, column: 1, severity: "error", rule, message };
  return { file, document: undefined, written: [], policies: [], problems: [problem] };
}

function unreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
      return "There is no such file or folder. Check the path.";
    case "EACCES":
      return "This may not be read. Give the user that runs rollbackd read permission.";
    default:
      return `This cannot be read (${message}).`;
  }
}
