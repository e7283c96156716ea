import type { Command } from "commander";
import type { Io } from "./io.ts";
import { type Done, example, formatOption, httpUrl } from "./program-parts.ts";
import type { StatusOptions } from "./status.ts";

/** How a daemon that runs and what it watches are doing. */
export function addStatus(program: Command, io: Io, done: Done): void {
  program
    .command("status")
    .description("Policies, releases and states of a daemon that runs; ends with 1 where not all is well.")
    .argument("[policy]", "only this one")
    .option("--server <url>", "the daemon (default: ROLLBACKD_SERVER, else http://127.0.0.1:9480)", httpUrl)
    .option("--token-file <file>", "holds the token that lets you in (default: ROLLBACKD_TOKEN_FILE)")
    .addOption(formatOption())
    .addHelpText("after", example("rollbackd status vcci-api"))
    .action(async (policy: string | undefined, options: StatusOptions) => {
      const { status } = await import("./status.ts");
      done(await status(policy, options, io));
    });
}
