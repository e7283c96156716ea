import type { Objection } from "../decisions/situation.ts";
import type { CommandSpec } from "../rules/policy.ts";
import type { Change } from "./act.ts";
import { describeCommand } from "./command-text.ts";
import { type CommandResult, runCommand } from "./command.ts";
import { changeEnv, type ScriptPorts } from "./script.ts";

/** Asks whether the change can be made at all; undefined when nothing speaks against it. Bounded in time; never throws. */
export type Precheck = (change: Change) => Promise<Objection | undefined>;

/** Runs the policy's own command. What it cannot say is no permission. */
export function precheckWith(
  spec: CommandSpec,
  ports: Pick<ScriptPorts, "environment" | "secrets"> & { readonly signal: AbortSignal },
): Precheck {
  return async (change) => {
    const result = await runCommand(spec, {
      environment: ports.environment,
      env: changeEnv(change),
      signal: ports.signal,
      secrets: ports.secrets(),
    });
    if (result.kind === "exited" && result.code === 0) return undefined;
    const { output } = result;
    return { detail: detailOf(spec, result), ...(output !== "" && { output }) };
  };
}

function detailOf(spec: CommandSpec, result: CommandResult): string {
  const said = `${describeCommand(spec, result)}${printed(result.output)}`;
  return isVerdict(result)
    ? `the precheck says that it cannot be undone: ${said}`
    : `whether it can be undone is not known, for the precheck could not say: ${said}; fix rollback.precheck`;
}

/** From 126 on codes are the shell's own: no such command, not executable, ended by a signal. */
function isVerdict(result: CommandResult): boolean {
  return result.kind === "exited" && result.code !== undefined && result.code < 126;
}

const TOLD_LINES = 3;
const TOLD_LENGTH = 300;

/** The end of what it printed, which is where commands say what is the matter. */
function printed(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const end = lines.slice(-TOLD_LINES).join(" / ");
  return end === "" ? "" : `; it printed: ${end.slice(-TOLD_LENGTH)}`;
}
