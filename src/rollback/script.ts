import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { isBetween } from "../releases/group.ts";
import type { TargetSnapshot } from "../releases/release.ts";
import type { Lookup, TargetWatch } from "../releases/watch.ts";
import type { CommandSpec } from "../rules/policy.ts";
import type { ActFailure, ActOutcome, Again, Change, Failed, RollbackOrder, Strategy } from "./act.ts";
import { unchanged } from "./attempts.ts";
import { describeCommand } from "./command-text.ts";
import { type CommandResult, runCommand } from "./command.ts";

export interface ScriptPorts {
  /** The last look at the target before the script starts. */
  readonly reread: TargetWatch["reread"];
  /** The daemon's own environment; see `RunOptions`. */
  readonly environment: NodeJS.ProcessEnv;
  /** Values that must not appear in the kept output. */
  readonly secrets: () => readonly string[];
}

/**
 * Rolls back by running the team's own script. At most once: nobody but the script's author knows whether it
 * can be run again after it was interrupted.
 */
export function scriptStrategy(script: CommandSpec, ports: ScriptPorts): Strategy {
  return {
    repeatable: false,
    act: async (order, signal) =>
      obstacle(order, await ports.reread()) ?? (await runScript(script, ports, order, signal)),
    inspect: async (order) => {
      const lookup = await ports.reread();
      if (!lookup.ok) return "not-observable";
      const { revision, isTold } = lookup.snapshot.release;
      const standing = standingOf(order, lookup);
      // What was told of before the script ran says nothing about what it did.
      if (standing === "not-applied" && isTold === true) return "not-observable";
      // Of a group that is half back nobody can say that somebody else moved it.
      return standing === "moved" && isBetween(revision, order.from, order.to) ? "not-applied" : standing;
    },
  };
}

/** What a rollback's commands are told in their environment. */
export function orderEnv(order: RollbackOrder): Readonly<Record<string, string>> {
  return {
    ...changeEnv(order),
    ROLLBACKD_DECISION_ID: order.decisionId,
    // It may hold the name of the person who asked; a NUL in it would keep the script from starting.
    ROLLBACKD_REASON: order.reason.replaceAll(/[\p{Cc}\p{Cf}]+/gu, " "),
  };
}

/** The same for a command that runs before it is decided. */
export function changeEnv({ policy, target, from, to }: Change): Readonly<Record<string, string>> {
  const { namespace } = policy.target;
  return {
    ...(namespace === undefined ? {} : { KUBERNETES_NAMESPACE: namespace }),
    ROLLBACKD_POLICY: policy.name,
    ROLLBACKD_TARGET: target,
    ROLLBACKD_FROM_REVISION: from.name,
    ROLLBACKD_TO_REVISION: to.name,
  };
}

function standingOf(
  order: RollbackOrder,
  { snapshot }: Extract<Lookup, { ok: true }>,
): "applied" | "not-applied" | "moved" {
  if (snapshot.uid !== order.uid) return "moved";
  const { digest } = snapshot.release.revision;
  if (digest === order.from.digest) return "not-applied";
  return digest === order.to.digest ? "applied" : "moved";
}

/**
 * A script cannot carry a precondition with it as a write to the API server can, so this is the check.
 * A target of which nobody can tell the version (its pods may be down for the very reason that is being acted
 * upon) does not stop the act; a source that does not answer, or a target that has moved, does.
 */
function obstacle(order: RollbackOrder, lookup: Lookup): Failed | Again | undefined {
  if (lookup.ok) {
    if (standingOf(order, lookup) === "not-applied") return undefined;
    return unchanged("superseded", `${order.target} ${nowRuns(order, lookup.snapshot)}: nothing was undone.`);
  }
  switch (lookup.reason) {
    case "unknown-version":
      return undefined;
    case "not-found":
      return unchanged(
        "target-missing",
        `${order.target} is gone (${lookup.detail}): there is nothing to roll back.`,
      );
    case "forbidden": {
      const detail = `Whether ${order.target} still runs ${order.from.name} may not be read (${lookup.detail}): the script was not run. Grant reading it, or roll back by hand.`;
      const failure = unchanged("forbidden", detail);
      return { kind: "again", failure, answer: "forbidden", isRefused: true };
    }
    case "unusable-version":
      return unchanged(
        "superseded",
        `${order.target} no longer runs ${order.from.name} for certain (${lookup.detail}): the script was not run.`,
      );
    case "unreachable": {
      const detail = `Whether ${order.target} still runs ${order.from.name} could not be checked (${lookup.detail}): the script was not run. Roll back by hand if users are affected.`;
      return { kind: "again", failure: unchanged("unreachable", detail), answer: "no answer" };
    }
  }
}

function nowRuns(order: RollbackOrder, { uid, release }: TargetSnapshot): string {
  return uid === order.uid
    ? `now runs ${release.revision.name}, not ${order.from.name}`
    : "was deleted and made anew since the decision";
}

async function runScript(
  script: CommandSpec,
  ports: ScriptPorts,
  order: RollbackOrder,
  signal: AbortSignal,
): Promise<ActOutcome> {
  const spec = { ...script, timeoutMs: Math.min(script.timeoutMs, order.policy.rollback.timeoutMs) };
  const result = await runCommand(spec, {
    environment: ports.environment,
    env: orderEnv(order),
    signal,
    secrets: ports.secrets(),
    mayLeaveRunning: true,
  });
  const output = result.output === "" ? {} : { output: result.output };
  const what = describeCommand(spec, result);
  if (result.kind === "exited" && result.code === 0) return { kind: "applied", detail: what, ...output };
  const [reason, next] = failureOf(spec, result);
  const isUnchanged = NEVER_STARTED.has(result.kind) || reason === "script-missing";
  return {
    kind: "failed",
    reason,
    detail: `${what}. ${next}`,
    ...output,
    ...(isUnchanged && { changed: false }),
  };
}

const NEVER_STARTED: ReadonlySet<CommandResult["kind"]> = new Set([
  "missing",
  "cwd-missing",
  "not-executable",
  "not-started",
]);

function failureOf(spec: CommandSpec, result: CommandResult): readonly [ActFailure, string] {
  switch (result.kind) {
    case "missing":
      return [
        "script-missing",
        "Nothing was changed. Put it there or correct rollback.script, then roll back by hand.",
      ];
    case "cwd-missing":
      return ["script-missing", "Nothing was changed. Correct rollback.script.cwd, then roll back by hand."];
    case "not-executable":
      return [
        "script-not-executable",
        "Nothing was changed. chmod +x it, or name its interpreter in rollback.script.command, then roll back by hand.",
      ];
    case "timed-out":
      return [
        "script-timeout",
        "It may have done part of its work: look at the target before running it again.",
      ];
    case "aborted":
      return [
        "interrupted",
        "It may have done part of its work: look at the target before running it again.",
      ];
    case "not-started":
      return ["script-failed", "Nothing was changed. Roll back by hand."];
    case "exited":
      return missingScriptFile(spec, result.code)
        ? [
            "script-missing",
            `There is no ${spec.command[1]}: nothing was changed. Put it there or correct rollback.script, then roll back by hand.`,
          ]
        : ["script-failed", "It may have done part of its work: read its output, then look at the target."];
  }
}

/** `bash rollback.sh` without a rollback.sh starts well and ends with 127. */
function missingScriptFile({ command, cwd }: CommandSpec, code: number | undefined): boolean {
  const file = command[1];
  return (
    code === 127 && file !== undefined && !file.startsWith("-") && !existsSync(resolve(cwd ?? ".", file))
  );
}
