import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, closeSync, constants, statSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandSpec } from "../rules/policy.ts";
import { endGroup } from "./command-group.ts";
import { boundedOutput } from "./command-output.ts";
import { openPipe, type OutputPipe } from "./command-pipe.ts";

/** How a command ended. `code` is undefined when a signal ended it. */
export type CommandEnd =
  | {
      readonly kind: "exited";
      readonly code: number | undefined;
      readonly signal: NodeJS.Signals | undefined;
    }
  | { readonly kind: "timed-out" | "aborted" | "missing" | "not-executable" | "cwd-missing" }
  /** The system refused for another reason; `detail` is its own word for it. */
  | { readonly kind: "not-started"; readonly detail: string };

export type CommandResult = CommandEnd & {
  /** Both streams as they came, beginning and end; see `boundedOutput`. */
  readonly output: string;
  readonly ms: number;
};

export interface RunOptions {
  /** The daemon's own environment. Only what a command needs to work is handed on: never a secret. */
  readonly environment: NodeJS.ProcessEnv;
  /** Added last, over the spec's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Values that must not appear in the output. */
  readonly secrets?: readonly string[];
  /** From SIGTERM to SIGKILL; 5 s unless told. */
  readonly graceMs?: number;
  /**
   * How long after the end of the command its children may still write their last words, and end, before they are
   * ended or left alone. Default 200 ms.
   */
  readonly settleMs?: number;
  /** What the command leaves running when it exits with 0 lives on. Otherwise the whole group always ends with it. */
  readonly mayLeaveRunning?: boolean;
}

const HANDED_ON =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|KUBECONFIG|KUBERNETES_SERVICE_\w+|SSL_CERT_(FILE|DIR))$/;
const KEEP_BYTES = 16 * 1024;
const GRACE_MS = 5_000;
/** Children that the leader did not wait for (`>(tee log)`) may still have its last words to write. */
const SETTLE_MS = 200;
/** What left the group and keeps the pipe open is not waited for longer than this. */
const DRAIN_MS = 250;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs a command, without a shell, in a session and process group of its own, with nothing on its standard input.
 * When it failed, was too slow, or `signal` aborts, the whole group is ended; after a success, too, unless
 * `mayLeaveRunning`. Bounded in time and memory; never throws.
 */
export async function runCommand(spec: CommandSpec, options: RunOptions): Promise<CommandResult> {
  const startedAt = performance.now();
  const output = boundedOutput(KEEP_BYTES);
  const end = await execute(spec, options, output.push);
  return {
    ...end,
    output: output.text(options.secrets ?? []),
    ms: Math.round(performance.now() - startedAt),
  };
}

async function execute(
  spec: CommandSpec,
  options: RunOptions,
  onOutput: (chunk: Buffer) => void,
): Promise<CommandEnd> {
  const pipe = await openPipe();
  let sources: readonly Readable[] = pipe === undefined ? [] : [pipe.reader];
  let leavesRunning = false;
  try {
    const child = start(spec, options, pipe);
    sources = [...sources, child.stdout, child.stderr].filter((source) => source !== null);
    for (const source of sources) source.on("data", onOutput).on("error", () => source.destroy());
    const end = await firstEnd(child, spec, options.signal);
    leavesRunning = options.mayLeaveRunning === true && end.kind === "exited" && end.code === 0;
    if (!leavesRunning) await endLeftovers(child, end, options);
    await drained(sources, leavesRunning ? (options.settleMs ?? SETTLE_MS) : DRAIN_MS);
    return end;
  } catch (error) {
    return notStarted(spec, error);
  } finally {
    pipe?.release();
    for (const source of sources) endReading(source, leavesRunning);
  }
}

/** Without a true pipe the daemon itself must go on reading, or the next line of what was left running would end it. */
function endReading(source: Readable, leavesRunning: boolean): void {
  if (!leavesRunning) source.destroy();
  if (source.destroyed) return;
  source
    .removeAllListeners("data")
    .on("error", () => source.destroy())
    .resume();
  if (source instanceof Socket) source.unref();
}

function start(spec: CommandSpec, options: RunOptions, pipe: OutputPipe | undefined): ChildProcess {
  const [file, ...args] = spec.command;
  const sink = pipe?.writeFd ?? "pipe";
  try {
    return spawn(file, args, {
      cwd: spec.cwd,
      env: { ...handedOn(options.environment), ...spec.env, ...options.env },
      stdio: ["ignore", sink, sink],
      detached: true,
    });
  } finally {
    if (pipe !== undefined) closeSync(pipe.writeFd);
  }
}

function handedOn(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => HANDED_ON.test(name)));
}

async function firstEnd(
  child: ChildProcess,
  spec: CommandSpec,
  signal: AbortSignal | undefined,
): Promise<CommandEnd> {
  const { promise, resolve } = Promise.withResolvers<CommandEnd>();
  const abort = (): void => resolve({ kind: "aborted" });
  const timer = setTimeout(() => resolve({ kind: "timed-out" }), Math.min(spec.timeoutMs, LONGEST_TIMER_MS));
  child.once("exit", (code, ended) =>
    resolve({ kind: "exited", code: code ?? undefined, signal: ended ?? undefined }),
  );
  child.on("error", (error) => resolve(notStarted(spec, error)));
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted === true) abort();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

async function endLeftovers(child: ChildProcess, end: CommandEnd, options: RunOptions): Promise<void> {
  if (child.pid === undefined) return;
  const settleMs = end.kind === "exited" ? (options.settleMs ?? SETTLE_MS) : 0;
  await endGroup(child.pid, { settleMs, graceMs: options.graceMs ?? GRACE_MS });
}

async function drained(sources: readonly Readable[], withinMs: number): Promise<void> {
  const open = sources.filter((source) => !source.readableEnded && !source.destroyed);
  const ended = open.map((source) => new Promise((resolve) => source.once("close", resolve)));
  const patience = new AbortController();
  await Promise.race([
    Promise.all(ended),
    sleep(withinMs, undefined, { signal: patience.signal }).catch(() => undefined),
  ]);
  patience.abort();
}

/** The system says ENOENT for a missing folder as for a missing command, so the folder is looked at. */
function notStarted(spec: CommandSpec, error: unknown): CommandEnd {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  if (spec.cwd !== undefined && !isUsableFolder(spec.cwd)) return { kind: "cwd-missing" };
  if (code === "ENOENT" || code === "ENOTDIR") return { kind: "missing" };
  if (code === "EACCES" || code === "ENOEXEC") return { kind: "not-executable" };
  return { kind: "not-started", detail: error instanceof Error ? error.message : String(error) };
}

function isUsableFolder(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
