import { loadRules } from "../rules/load.ts";
import { inReadingOrder, isError } from "../rules/problem.ts";
import type { Problem } from "../rules/problem.ts";
import type { RulesReading } from "../rules/reading.ts";
import type { InstantQuery } from "../signals/query.ts";
import { checkLive } from "./check-live.ts";
import { renderProblems } from "./check-text.ts";
import type { Io } from "./io.ts";

export interface CheckOptions {
  readonly format: "text" | "json";
  /** Where to compare the rules with live series; undefined to look at the files alone. */
  readonly prometheus: InstantQuery | undefined;
}

/**
 * `rollbackd check FILE…`: everything that can be known about rules files (or folders of them) before they are in
 * force. Returns the exit code: 0 fine or warnings only, 1 errors found, 2 nothing could be checked.
 */
export async function check(paths: readonly string[], options: CheckOptions, io: Io): Promise<0 | 1 | 2> {
  if (paths.length === 0) {
    io.err("check: no rules file was named. Say which, for example: rollbackd check rules/");
    return 2;
  }
  const { files, problems: found } = await loadRules(...paths);
  const live = await liveProblems(files, options, io);
  const problems = inReadingOrder([...found, ...live.problems]);
  const compared = options.prometheus !== undefined && live.unanswered === undefined;
  io.out(
    options.format === "json"
      ? JSON.stringify({ problems }, undefined, 2)
      : text(files, problems, compared, io),
  );
  if (live.unanswered !== undefined) {
    io.err(`check: ${live.unanswered} The rules were not compared with live series.`);
  }
  return exitCode(problems, live.unanswered);
}

type Live = Awaited<ReturnType<typeof checkLive>>;

async function liveProblems(
  files: readonly RulesReading[],
  { prometheus }: CheckOptions,
  io: Io,
): Promise<Live> {
  return prometheus === undefined
    ? { problems: [], unanswered: undefined }
    : checkLive(files, { query: prometheus, at: io.now() });
}

/** Where a file cannot be read, the call is wrong rather than the rules. */
function exitCode(problems: readonly Problem[], unanswered: string | undefined): 0 | 1 | 2 {
  if (unanswered !== undefined || problems.some(({ rule }) => rule === "file")) {
    return 2;
  }
  return problems.some(isError) ? 1 : 0;
}

function text(
  files: readonly RulesReading[],
  problems: readonly Problem[],
  compared: boolean,
  io: Io,
): string {
  const sources = new Map(files.flatMap(({ file, document }) => (document ? [[file, document.text]] : [])));
  const policies = files.flatMap((each) => each.policies);
  const triggers = policies.flatMap((each) => each.triggers).length;
  const what =
    `${count(policies.length, "policy", "policies")} with ${count(triggers, "trigger", "triggers")}` +
    (compared ? ", compared with live series" : "");
  const details = problems.length === 0 ? [] : [renderProblems(problems, sources, io)];
  return [...details, summary(problems, what)].join("\n\n");
}

function summary(problems: readonly Problem[], what: string): string {
  const errors = problems.filter(isError).length;
  const warnings = problems.length - errors;
  if (errors > 0) {
    return `${count(errors, "error", "errors")}, ${count(warnings, "warning", "warnings")}. These rules would not be loaded.`;
  }
  return warnings > 0 ? `${count(warnings, "warning", "warnings")} in ${what}.` : `${what}: no problems.`;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
