import { type Command, InvalidArgumentError, Option } from "commander";
import { MANUAL_REASONS } from "../decisions/manual-reason.ts";
import { DURATION_PATTERN, durationMs } from "../rules/units.ts";
import type { NoteOptions, RollbackOptions } from "./ask.ts";
import type { Io } from "./io.ts";
import { type Done, example, httpUrl } from "./program-parts.ts";

/** What people ask of a daemon that runs. */
export function addAsk(program: Command, io: Io, done: Done): void {
  addRollback(program, io, done);
  addFreeze(program, io, done);
  addResume(program, io, done);
  addAnswers(program, io, done);
  addRelease(program, io, done);
}

function addRollback(program: Command, io: Io, done: Done): void {
  subcommand(program, "rollback", "Rolls a policy's target back, after showing what will change.")
    .argument("<policy>", "whose target")
    .addOption(new Option("--reason <reason>", "why").choices([...MANUAL_REASONS]).makeOptionMandatory())
    .option("--to <revision>", "where to; without it the newest revision known to be good")
    .option("--maintenance", "announce a maintenance window to the users around it")
    .option("--dry-run", "only show what would change")
    .option("-y, --yes", "do not ask")
    .addHelpText(
      "after",
      example("rollbackd rollback vcci-api --reason data-corruption --note 'totals are wrong'"),
    )
    .action(async (policy: string, options: RollbackOptions) => {
      const { rollBack } = await import("./ask.ts");
      done(await rollBack(policy, options, io));
    });
}

function addFreeze(program: Command, io: Io, done: Done): void {
  subcommand(program, "freeze", "Holds automatic rollbacks of a policy; people can still roll back.")
    .argument("<policy>", "whose automation")
    .option("--for <duration>", "end after this, such as 2h", duration)
    .addHelpText("after", example("rollbackd freeze vcci-api --for 2h --note 'load test'"))
    .action(async (policy: string, { for: forMs, ...options }: NoteOptions & { for?: number }) => {
      const { freeze } = await import("./ask.ts");
      done(await freeze(policy, { ...options, ...(forMs !== undefined && { forMs }) }, io));
    });
}

function addResume(program: Command, io: Io, done: Done): void {
  subcommand(program, "resume", "Ends your own freeze of a policy, or that of another holder.")
    .argument("<policy>", "whose automation")
    .option(
      "--holder <name>",
      "whose freeze to end, as status shows it, such as token:alice (default: your own)",
    )
    .addHelpText("after", example("rollbackd resume vcci-api --holder token:alice"))
    .action(async (policy: string, options: NoteOptions & { holder?: string }) => {
      const { resume } = await import("./ask.ts");
      done(await resume(policy, options, io));
    });
}

const ANSWERS = {
  approve: "Lets a decision that waits for a person act.",
  reject: "Has a decision that waits for a person not act.",
} as const;

function addAnswers(program: Command, io: Io, done: Done): void {
  for (const verb of ["approve", "reject"] as const) {
    subcommand(program, verb, ANSWERS[verb])
      .argument("<decision>", "its id, as the page and `log list` show it")
      .addHelpText("after", example(`rollbackd ${verb} 20260302T100600Z-3f9a1c`))
      .action(async (decision: string, options: NoteOptions) => {
        const { answer } = await import("./ask.ts");
        done(await answer(verb, decision, options, io));
      });
  }
}

function addRelease(program: Command, io: Io, done: Done): void {
  subcommand(
    program,
    "release",
    "Tells of a version that went live, for a script target without a version query.",
  )
    .argument("<policy>", "whose target")
    .argument("<version>", "what runs now")
    .addHelpText("after", example("rollbackd release nightly-batch v1.4.2 --note 'by the deploy job'"))
    .action(async (policy: string, version: string, options: NoteOptions) => {
      const { release } = await import("./ask.ts");
      done(await release(policy, version, options, io));
    });
}

function subcommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option("--note <text>", "kept in the log beside who asked")
    .option("--server <url>", "the daemon (default: ROLLBACKD_SERVER, else http://127.0.0.1:9480)", httpUrl)
    .option("--token-file <file>", "holds the token that lets you in (default: ROLLBACKD_TOKEN_FILE)");
}

/** The end of a longer freeze may be no instant that can be written. */
const LONGEST_MS = 3650 * 24 * 3_600_000;

/** For commander: throws what it shows. Milliseconds. */
function duration(value: string): number {
  if (!new RegExp(DURATION_PATTERN, "u").test(value) || durationMs(value) === 0) {
    throw new InvalidArgumentError("It must be a duration above zero, such as 30m or 2h.");
  }
  if (durationMs(value) > LONGEST_MS) {
    throw new InvalidArgumentError("It must be at most 3650d. Leave --for out to freeze without an end.");
  }
  return durationMs(value);
}
