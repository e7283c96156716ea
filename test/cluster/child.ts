import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Child {
  readonly pid: number;
  readonly running: () => boolean;
  /** The last 4,000 characters of stdout and stderr. */
  readonly log: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Settles with how it ended: "exit code 1", "signal SIGKILL". Never rejects. */
  readonly ended: Promise<string>;
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
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  // Rejects with the spawn error (ENOENT, EAGAIN) where there is one.
  await once(child, "spawn");
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  const stop = async (graceMs: number): Promise<void> => {
    if (graceMs > 0) {
      child.kill("SIGTERM");
    }
    const impatience = setTimeout(() => child.kill("SIGKILL"), graceMs);
    await ended;
    clearTimeout(impatience);
  };
  return {
    pid: child.pid ?? 0,
    running,
    log: () => tail,
    signal: (signal) => void child.kill(signal),
    ended,
    stop,
  };
}
