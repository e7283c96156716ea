import { execFile } from "node:child_process";
import { startChild } from "../cluster/child.ts";
import { eventually } from "./eventually.ts";
import { builtProgram } from "./program.ts";

/** What the environment and the arguments of `rollbackd` say. */
export interface Invocation {
  readonly args: readonly string[];
  /** Added to an environment that holds nothing of whoever runs the tests but PATH. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that ends by itself. One that takes 90 s is ended, with the code 137. */
export async function rollbackd({ args, env }: Invocation): Promise<Ended> {
  const program = await builtProgram();
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...args],
      { env: { PATH: process.env.PATH, ...env }, timeout: 90_000, killSignal: "SIGKILL" },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 137;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

export interface Daemon {
  readonly pid: number;
  /** Where it answers, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** The end of what it wrote to standard output and standard error. */
  readonly output: () => string;
  /** The answer of `/health/ready`: 200 or 503, and why. */
  readonly ready: () => Promise<{ readonly status: number; readonly text: string }>;
  /** The answer of `/health/detailed`. */
  readonly detailed: () => Promise<DetailedAnswer>;
  /** SIGTERM; resolves to the exit code. */
  readonly stop: () => Promise<number>;
  /** SIGKILL: no last words, no clean-up. Resolves when the process is gone. */
  readonly kill: () => Promise<void>;
}

export interface DetailedAnswer {
  readonly policies: readonly {
    readonly policy: string;
    readonly release?: string;
    readonly evaluatedAt?: string;
    readonly triggers: readonly {
      readonly trigger: string;
      readonly state: string;
      readonly at: string;
      readonly reason: string;
    }[];
  }[];
}

/** How long a start may take on a machine that does much else, and an end with all its clean-ups. */
const START_WITHIN_MS = 90_000;
const END_WITHIN_MS = 20_000;

/**
 * `rollbackd run` as a process of its own, on a free port of its own choice; it cannot outlive the test process.
 * Returns once it answers, whether it is ready or not. Throws with its output when it ends before that.
 */
export async function startDaemon(env: Readonly<Record<string, string>>): Promise<Daemon> {
  const child = await startChild([process.execPath, await builtProgram(), "run"], {
    PATH: process.env.PATH,
    ROLLBACKD_HTTP_PORT: "0",
    ...env,
  });
  let url: string | undefined;
  await eventually(
    "rollbackd answers",
    () => {
      url = /"url":"(http:[^"]+)"/.exec(child.log())?.[1];
      if (url === undefined && child.ending() === undefined) throw new Error(child.log());
    },
    { withinMs: START_WITHIN_MS },
  );
  if (url === undefined) {
    throw new Error(`rollbackd ended (${child.ending()?.how}) before it answered:\n${child.log()}`);
  }
  const base = url;
  return {
    pid: child.pid,
    url: base,
    output: child.log,
    ready: async () => {
      const response = await fetch(`${base}/health/ready`);
      return { status: response.status, text: await response.text() };
    },
    detailed: async () => (await fetch(`${base}/health/detailed`)).json() as Promise<DetailedAnswer>,
    stop: async () => {
      await child.stop(END_WITHIN_MS);
      return child.ending()?.exitCode ?? Number.NaN;
    },
    kill: () => child.stop(0),
  };
}
