import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startChild } from "../../test/cluster/child.ts";
import { eventually } from "../../test/support/eventually.ts";
import { freePort } from "../../test/support/free-port.ts";
import { logFolder } from "../../src/log/files.ts";
import type { View } from "./view.ts";

export interface DaemonOptions {
  /** The built `rollbackd.js`. */
  readonly program: string;
  /** Gets the rules, the data folder and what the daemon says. */
  readonly folder: string;
  readonly rules: string;
  readonly env: Readonly<Record<string, string>>;
}

/** rollbackd, as its users run it. */
export interface Daemon {
  readonly pid: number;
  readonly url: string;
  /** Its data folder. */
  readonly data: string;
  /** Where its decision log lies. */
  readonly decisions: string;
  /** What `/health/detailed` answers. */
  readonly view: () => Promise<View>;
  /** Why it is not running any more, with its last words; undefined while it runs. */
  readonly ended: () => Promise<string | undefined>;
  /** SIGTERM, and the end awaited. */
  readonly stop: () => Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const END_WITHIN_MS = 15_000;
const LAST_LINES = 5;

/** Starts the daemon and waits until it is ready. Throws with its last words when it does not get there. */
export async function startDaemon({ program, folder, rules, env }: DaemonOptions): Promise<Daemon> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [rulesPath, data, log] = [
    join(folder, "rules.yaml"),
    join(folder, "data"),
    join(folder, "rollbackd.log"),
  ];
  await writeFile(rulesPath, rules);
  const settings = {
    ROLLBACKD_RULES: rulesPath,
    ROLLBACKD_DATA_DIR: data,
    ROLLBACKD_HTTP_PORT: String(port),
  };
  const { PATH, HOME } = process.env;
  const redirected = ["sh", "-c", 'exec "$@" >"$0" 2>&1', log];
  const child = await startChild([...redirected, process.execPath, program, "run"], {
    PATH,
    HOME,
    ...settings,
    ...env,
  });
  const lastWords = async (): Promise<string> => {
    const lines = (await readFile(log, "utf8").catch(() => "")).trimEnd().split("\n");
    return ["Its last words:", ...lines.slice(-LAST_LINES)].join("\n");
  };
  const ended = async (): Promise<string | undefined> => {
    const how = child.ending()?.how;
    return how === undefined ? undefined : `rollbackd ended by itself (${how}). ${await lastWords()}`;
  };
  const stop = (): Promise<void> => child.stop(END_WITHIN_MS);
  try {
    await eventually("rollbackd is ready", () => ready(url, ended), {
      withinMs: READY_WITHIN_MS,
      everyMs: 100,
    });
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}\n${await lastWords()}`, { cause: error });
  }
  const why = await ended();
  if (why !== undefined) throw new Error(why);
  return {
    pid: child.pid,
    url,
    data,
    decisions: logFolder(data),
    view: async () => (await (await fetch(`${url}/health/detailed`)).json()) as View,
    ended,
    stop,
  };
}

/** Settled, too, once the daemon has ended: then there is nothing to wait for. */
async function ready(url: string, ended: Daemon["ended"]): Promise<void> {
  if ((await ended()) !== undefined) return;
  const answer = await fetch(`${url}/health/ready`);
  if (!answer.ok) throw new Error(await answer.text());
}
