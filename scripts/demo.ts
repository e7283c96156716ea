/**
 * `npm run demo`: a bad release of a real service, seen by a real Prometheus and rolled back by rollbackd, in about
 * a minute. `npm run demo -- --cluster`: the same on a real Kubernetes control plane. Everything runs on this
 * machine's loopback addresses and is ended again, also at Ctrl-C. Exit code 0 when all went as it should, 1 when
 * not, 2 when it could not be tried.
 *
 * Service, users, Prometheus and receivers are those of the tests (test/): both need real ones, neither is shipped.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { missingAssets } from "../test/cluster/assets.ts";
import { createCleanups } from "../test/cluster/cleanups.ts";
import { clusterStage } from "./demo/cluster-stage.ts";
import { scriptStage } from "./demo/script-stage.ts";
import { tellStory } from "./demo/story.ts";
import { openTerminal, type Terminal } from "./demo/terminal.ts";

const HELP = `npm run demo [-- --cluster] [--keep]
  --cluster  on a Kubernetes control plane instead of by script
  --keep     leave the folder with the rules, the decision log and what rollbackd said`;

/** As shells count it: 128 and the signal's number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

process.exitCode = await demo(process.argv.slice(2));

async function demo(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === undefined) return 2;
  const { cluster, keep, help } = options;
  if (help) {
    console.log(HELP);
    return 0;
  }
  const missing = cluster ? missingAssets() : undefined;
  if (missing !== undefined) {
    console.error(
      `There is no Kubernetes control plane here: ${missing}.\n` +
        "Next: scripts/build-control-plane.sh builds one from Debian's packages, or leave out --cluster.",
    );
    return 2;
  }
  return play(cluster, keep);
}

async function play(cluster: boolean, keep: boolean): Promise<number> {
  const terminal = openTerminal();
  const cleanups = createCleanups();
  const folder = mkdtempSync(join(tmpdir(), "rollbackd-demo-"));
  process.on("exit", () => {
    if (!keep) rmSync(folder, { recursive: true, force: true });
    terminal.close();
  });
  const ending = endOnSignal(terminal);
  const setUp = cluster ? clusterStage : scriptStage;
  let code = 0;
  try {
    await tellStory(setUp, { folder, terminal, cleanups, signal: ending.signal });
  } catch (error) {
    code = ending.code() ?? 1;
    terminal.settle();
    terminal.say();
    terminal.say(`${terminal.paint("red", "The demo did not get to its end.")} ${(error as Error).message}`);
  }
  if (!(await end(cleanups.run, terminal))) code ||= 1;
  terminal.say();
  terminal.say(
    keep ? `Everything has ended; the files are in ${folder}.` : "Everything has ended and is removed.",
  );
  return code;
}

interface Ending {
  readonly signal: AbortSignal;
  /** To end this process with; undefined when nobody asked for an end. */
  readonly code: () => number | undefined;
}

/** Asked once, the demo ends what it started; asked twice, this process ends and takes all of it along. */
function endOnSignal(terminal: Terminal): Ending {
  const ending = new AbortController();
  let code: number | undefined;
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (ending.signal.aborted) process.exit(number);
      code = number;
      terminal.say(`  ${signal}: ending what was started; again ends it at once`);
      ending.abort(new Error(`It was ended by ${signal}.`));
    });
  }
  return { signal: ending.signal, code: () => code };
}

/** Ends all that was started; tells whether that went well. */
async function end(run: () => Promise<void>, terminal: Terminal): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    terminal.say(`${terminal.paint("red", "Not everything could be ended:")} ${(error as Error).message}`);
    return false;
  }
}

interface Options {
  readonly cluster: boolean;
  readonly keep: boolean;
  readonly help: boolean;
}

/** Undefined after a wrong call, which is then explained. */
function readOptions(argv: readonly string[]): Options | undefined {
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: { cluster: flag, keep: flag, help: { ...flag, short: "h" } },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${HELP}`);
    return undefined;
  }
}
