import { type Command, Option } from "commander";
import type { Io } from "./io.ts";
import type { FilterOptions, LogOptions } from "./log-options.ts";
import { type Done, count, example, formatOption, httpUrl } from "./program-parts.ts";

const DEFAULT_LIMIT = 50;

/** `log list|show|report|follow|verify`, beside a daemon that may be writing, or (all but `verify`) from it. */
export function addLog(program: Command, io: Io, done: Done): void {
  const log = program
    .command("log")
    .description("Reads the decision log: what was decided, why, and what came of it.");
  addList(log, io, done);
  addShow(log, io, done);
  addReport(log, io, done);
  addFollow(log, io, done);
  addVerify(log, io, done);
}

function addList(log: Command, io: Io, done: Done): void {
  subcommand(log, "list", "The newest records, newest first.")
    .option("--policy <name>", "only of this policy")
    .option("--type <type>", "only of this type, such as decision.made or rollback.failed")
    .addOption(
      new Option("--decision <decision>", "only these decisions").choices(["rollback", "hold", "escalate"]),
    )
    .option("--from <time>", "not older than this time (2026-03-02T10:00:00Z) or age (90m, 6h, 2d)")
    .option("--to <time>", "not newer than this time or age")
    .option("--limit <number>", "at most so many", count, DEFAULT_LIMIT)
    .addHelpText("after", example("rollbackd log list --policy vcci-api --type decision.made --from 6h"))
    .action(async (options: LogOptions & FilterOptions & { limit: number }) => {
      const { listLog } = await import("./log.ts");
      done(await listLog(options, io));
    });
}

function addShow(log: Command, io: Io, done: Done): void {
  subcommand(
    log,
    "show",
    "One decision with its evidence, what was done, and who was told; or one record, such as a report after a launch.",
  )
    .argument("<id>", "of the decision, or number of a record, as pages and `log list` show it")
    .addHelpText("after", example("rollbackd log show 20260302T100600Z-3f9a1c"))
    .action(async (id: string, options: LogOptions) => {
      const { showInLog } = await import("./log.ts");
      done(await showInLog({ ...options, id }, io));
    });
}

function addReport(log: Command, io: Io, done: Done): void {
  onData(log, "report", "Everything about one decision, for finding the cause, as a Markdown document.")
    .argument("<id>", "of the decision, as pages and `log list` show it")
    .addHelpText("after", example("rollbackd log report 20260302T100600Z-3f9a1c > incident.md"))
    .action(async (id: string, options: Omit<LogOptions, "format">) => {
      const { reportDecision } = await import("./log.ts");
      done(await reportDecision({ ...options, id }, io));
    });
}

function addFollow(log: Command, io: Io, done: Done): void {
  subcommand(log, "follow", "The last ten records, then each new one until Ctrl-C.")
    .addHelpText("after", example("rollbackd log follow"))
    .action(async (options: LogOptions) => {
      const { followLog } = await import("./log.ts");
      const ending = new AbortController();
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort());
      done(await followLog({ ...options, signal: ending.signal }, io));
    });
}

function addVerify(log: Command, io: Io, done: Done): void {
  subcommand(log, "verify", "Checks that every record is as it was written and none is missing.")
    .option("--head <hash@seq>", "a head that was noted elsewhere: shows a log whose end was cut off")
    .addHelpText("after", example("rollbackd log verify"))
    .action(async (options: LogOptions & { head?: string }) => {
      const { verifyLogFolder } = await import("./log.ts");
      done(await verifyLogFolder(options, io));
    });
}

function subcommand(log: Command, name: string, description: string): Command {
  return onData(log, name, description).addOption(formatOption());
}

function onData(log: Command, name: string, description: string): Command {
  return log
    .command(name)
    .description(description)
    .option("--data <folder>", "the daemon's data folder (default: ROLLBACKD_DATA_DIR, else ./data)")
    .option(
      "--server <url>",
      "a daemon instead (default where no folder is named: ROLLBACKD_SERVER)",
      httpUrl,
    )
    .option("--token-file <file>", "holds the token that lets you in (default: ROLLBACKD_TOKEN_FILE)");
}
