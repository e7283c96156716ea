import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";

export interface Ending {
  /** As a shell and the kubelet count: 128 + n for a process ended by signal n. */
  readonly exitCode: number;
  /** "exit code 1", "SIGKILL" */
  readonly how: string;
}

export interface Child {
  readonly pid: number;
  /** Undefined while it runs. */
  readonly ending: () => Ending | undefined;
  /** The last 4,000 characters of stdout and stderr. */
  readonly log: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** SIGTERM, then SIGKILL once `graceMs` have passed (0: SIGKILL at once); waits for the end. Safe to call twice. */
  readonly stop: (graceMs: number) => Promise<void>;
}

/**
 * Starts a program that cannot outlive this process: the kernel kills it when the thread that started it dies,
 * which covers the one way of ending, SIGKILL, in which no exit hook runs. `setpriv` replaces itself by the
 * program, so the pid is the program's own. Throws when it cannot be started at all.
 */
export async function startChild(
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Child> {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let tail = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      tail = (tail + chunk).slice(-4000);
    });
  }
  const ended = once(child, "exit");
  // Where the start fails this rejects as well; the line after next tells.
  ended.catch(() => undefined);
  // Rejects with the spawn error (ENOENT, EAGAIN) where there is one.
  await once(child, "spawn");
  const ending = (): Ending | undefined => {
    const { exitCode, signalCode } = child;
    if (signalCode !== null) {
      return { exitCode: 128 + constants.signals[signalCode], how: signalCode };
    }
    return exitCode === null ? undefined : { exitCode, how: `exit code ${exitCode}` };
  };
  const stop = async (graceMs: number): Promise<void> => {
    if (ending() !== undefined) {
      return;
    }
    if (graceMs > 0) {
      child.kill("SIGTERM");
    }
    const impatience = setTimeout(() => child.kill("SIGKILL"), graceMs);
    await ended;
    clearTimeout(impatience);
  };
  return {
    pid: child.pid ?? 0,
    ending,
    log: () => tail,
    signal: (signal) => void child.kill(signal),
    stop,
  };
}
