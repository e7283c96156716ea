import { formatDuration } from "../text/format.ts";
import type { CommandSpec } from "../rules/policy.ts";
import type { CommandResult } from "./command.ts";

/** What happened to a command, with the numbers, as the part of a sentence: "bash rollback.sh exited with code 3 after 2s". */
export function describeCommand(spec: CommandSpec, result: CommandResult): string {
  const command = spec.command.join(" ");
  const took = formatDuration(result.ms);
  switch (result.kind) {
    case "exited":
      return result.signal === undefined
        ? `${command} exited with code ${result.code} after ${took}`
        : `${command} was ended by ${result.signal} after ${took}`;
    case "timed-out":
      return `${command} was still running after ${formatDuration(spec.timeoutMs)}, so it and its children were ended`;
    case "aborted":
      return `${command} was ended after ${took} because rollbackd is stopping`;
    case "missing":
      return `${spec.command[0]} (or the interpreter named in its first line) was not found${under(spec)}`;
    case "not-executable":
      return `${spec.command[0]} may not be executed${under(spec)}`;
    case "cwd-missing":
      return `the working folder ${spec.cwd} of ${command} is missing or may not be entered`;
    case "not-started":
      return `${command} could not be started: ${result.detail}`;
  }
}

function under(spec: CommandSpec): string {
  return spec.cwd === undefined ? "" : ` from ${spec.cwd}`;
}
