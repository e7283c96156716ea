import { Command, CommanderError, Option } from "commander";
import { VERSION } from "../version.ts";
import type { Io } from "./io.ts";
import { explain } from "./problem.ts";
import { addAsk } from "./program-ask.ts";
import { addLog } from "./program-log.ts";
import { addStatus } from "./program-status.ts";
import { type Done, type ExitCode, example, formatOption, httpUrl } from "./program-parts.ts";

/**
 * Carries out one command line (without the program's own name). Each command loads its code only when called,
 * so that `--help` and `log` answer at once. Never throws.
 */
export async function runProgram(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = 0;
  const program = createProgram(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    // Help and version were asked for: commander has shown them. Everything else of commander is a wrong call.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    io.err(explain(error));
    return 2;
  }
}

function createProgram(io: Io, done: Done): Command {
  const program = new Command("rollbackd")
    .description(
      "Watches releases with Prometheus and health probes, and rolls back those that are to blame.",
    )
    .version(VERSION, "-V, --version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .showHelpAfterError("Add --help to see how it is called.")
    .configureHelp({ helpWidth: io.columns })
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
    .exitOverride();
  addRun(program);
  addCheck(program, io, done);
  addLog(program, io, done);
  addStatus(program, io, done);
  addAsk(program, io, done);
  return program;
}

/** What `run` takes from the command line, by the setting that it is. */
const RUN_FLAGS = {
  rules: ["--rules <path>", "rules file, or folder of them"],
  dataDir: ["--data <folder>", "holds the decision log; made when missing"],
  "prometheus.url": ["--prometheus <urls>", "where Prometheus answers; several: separated by commas"],
  "http.host": ["--http-host <host>", "address to answer on"],
  "http.port": ["--http-port <port>", "port to answer on"],
  logLevel: ["--log-level <level>", "how much is said on standard output"],
} as const;

function addRun(program: Command): void {
  const command = program
    .command("run")
    .description(
      "The daemon, in the foreground. SIGTERM ends it. Settings: config/default.yaml explains each.",
    )
    .option(
      "--config <file>",
      "settings (YAML); the environment (ROLLBACKD_…) and these options go before it",
    );
  const flags = Object.entries(RUN_FLAGS).map(([key, [names, description]]) => {
    const option = new Option(names, description);
    command.addOption(option);
    return { key, attribute: option.attributeName() };
  });
  command
    .addHelpText("after", example("rollbackd run --rules rules/ --prometheus http://prometheus:9090"))
    .action(async (options: Readonly<Record<string, string>>) => {
      const [{ run }, { loadSettings }] = await Promise.all([
        import("./run.ts"),
        import("../config/settings.ts"),
      ]);
      const given = Object.fromEntries(flags.map(({ key, attribute }) => [key, options[attribute]]));
      await run(loadSettings({ file: options["config"], env: process.env, flags: given }));
    });
}

function addCheck(program: Command, io: Io, done: Done): void {
  program
    .command("check")
    .description(
      "Checks rules files: keys, PromQL, units and windows; with --prometheus also against live series.",
    )
    .argument("<file...>", "rules files, or folders of them")
    .option("--prometheus <url>", "a Prometheus that scrapes what the rules are about", httpUrl)
    .addOption(formatOption())
    .addHelpText("after", example("rollbackd check rules/ --prometheus http://prometheus:9090"))
    .action(async (files: string[], options: { prometheus?: string; format: "text" | "json" }) => {
      const [{ check }, { createPrometheus }] = await Promise.all([
        import("./check.ts"),
        import("../signals/prometheus.ts"),
      ]);
      const prometheus =
        options.prometheus === undefined ? undefined : createPrometheus({ urls: [options.prometheus] });
      done(await check(files, { format: options.format, prometheus: prometheus?.instant }, io));
      await prometheus?.close();
    });
}
