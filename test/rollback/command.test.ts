import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { describeCommand } from "../../src/rollback/command-text.ts";
import { type RunOptions, runCommand } from "../../src/rollback/command.ts";
import type { CommandSpec } from "../../src/rules/policy.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

function folder(): string {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  return path;
}

const spec = (command: CommandSpec["command"], more: Partial<CommandSpec> = {}): CommandSpec => ({
  command,
  cwd: undefined,
  env: {},
  timeoutMs: 20_000,
  ...more,
});
const run = (command: CommandSpec, options: Partial<RunOptions> = {}) =>
  runCommand(command, { environment: process.env, ...options });
const bash = (text: string, more: Partial<CommandSpec> = {}) => spec(["bash", "-c", text], more);

/** Not only gone: a zombie that nobody has reaped yet has ended, too. */
function hasEnded(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return true;
  return readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .startsWith("Z");
}

const pidIn = (file: string): number => Number(readFileSync(file, "utf8"));

describe("a command", () => {
  test("trap 27: that exits non-zero says with which code, and keeps its output in order", async () => {
    const command = bash("echo one; echo two >&2; echo three; exit 3");
    const result = await run(command);
    expect(result).toMatchObject({ kind: "exited", code: 3, output: "one\ntwo\nthree\n" });
    expect(describeCommand(command, result)).toMatch(/exited with code 3 after \d+ ms$/);
  });

  test("that a signal ended says which", async () => {
    const command = bash("kill -SEGV $$");
    const result = await run(command);
    expect(result).toMatchObject({ kind: "exited", code: undefined, signal: "SIGSEGV" });
    expect(describeCommand(command, result)).toContain("ended by SIGSEGV");
  });

  test("is not read by a shell: what looks like one is an argument", async () => {
    await expect(run(spec(["printf", "%s|", "$HOME; id", "*"]))).resolves.toMatchObject({
      output: "$HOME; id|*|",
    });
  });

  test("can open its output by name, as it can in a terminal", async () => {
    const result = await run(bash("set -e; echo a > /dev/stderr; echo b | tee /dev/stderr > /dev/stdout"));
    expect(result).toMatchObject({ code: 0, output: "a\nb\nb\n" });
  });

  test("runs just as well where no true pipe can be made", async () => {
    vi.stubEnv("TMPDIR", "/nowhere");
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(run(bash("echo one; echo two >&2"))).resolves.toMatchObject({
      code: 0,
      output: expect.stringMatching(/^(one\ntwo|two\none)\n$/),
    });
  });

  test("finds nothing on its standard input", async () => {
    await expect(run(spec(["cat"]))).resolves.toMatchObject({ kind: "exited", code: 0, output: "" });
  });

  test("runs in its folder, and is found relative to it", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "here.sh"), "#!/bin/sh\npwd\n", { mode: 0o755 });
    await expect(run(spec(["./here.sh"], { cwd }))).resolves.toMatchObject({ code: 0, output: `${cwd}\n` });
  });

  test("gets the variables of the spec and of the run, the run's last", async () => {
    const command = bash('echo "$A $B"', { env: { A: "spec", B: "spec" } });
    await expect(run(command, { env: { B: "run" } })).resolves.toMatchObject({ output: "spec run\n" });
  });

  test("trap 34: gets what it needs of the daemon's environment and none of its secrets", async () => {
    const secrets = {
      ROLLBACKD_SLACK_WEBHOOK_URL: "https://hooks.slack.test/T/B/X",
      ROLLBACKD_PAGERDUTY_ROUTING_KEY: "R0UT1NG",
      ROLLBACKD_PROMETHEUS_BEARER_TOKEN_FILE: "/run/token",
      AWS_SECRET_ACCESS_KEY: "aws",
    };
    const needed = { PATH: process.env["PATH"], HOME: "/home/me", LC_ALL: "C.UTF-8", KUBECONFIG: "/k" };
    const { output } = await run(spec(["env"]), { environment: { ...needed, ...secrets } });
    expect(output).toContain("KUBECONFIG=/k\n");
    expect(output).toContain("LC_ALL=C.UTF-8\n");
    for (const name of Object.keys(secrets)) expect(output).not.toContain(name);
  });

  test("trap 34: that prints a secret leaves a placeholder in the output", async () => {
    const { output } = await run(bash("echo key=s3cr3t!"), { secrets: ["s3cr3t!\n", ""] });
    expect(output).toBe("key=[secret]\n");
  });
});

describe("a command that cannot start", () => {
  test("trap 27: is missing", async () => {
    const command = spec(["./rollback.sh"], { cwd: folder() });
    const result = await run(command);
    expect(result).toMatchObject({ kind: "missing", output: "" });
    expect(describeCommand(command, result)).toContain("./rollback.sh");
  });

  test("is missing its interpreter", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "rollback.sh"), "#!/opt/no/bash\n", { mode: 0o755 });
    await expect(run(spec(["./rollback.sh"], { cwd }))).resolves.toMatchObject({ kind: "missing" });
  });

  test("trap 27: is not executable", async () => {
    const cwd = folder();
    writeFileSync(join(cwd, "rollback.sh"), "#!/bin/sh\necho ran\n", { mode: 0o644 });
    await expect(run(spec(["./rollback.sh"], { cwd }))).resolves.toMatchObject({ kind: "not-executable" });
    chmodSync(join(cwd, "rollback.sh"), 0o755);
    await expect(run(spec(["./rollback.sh"], { cwd }))).resolves.toMatchObject({ output: "ran\n" });
    mkdirSync(join(cwd, "folder"));
    await expect(run(spec(["./folder"], { cwd }))).resolves.toMatchObject({ kind: "not-executable" });
  });

  test("trap 27: has no working folder", async () => {
    const cwd = join(folder(), "gone");
    const command = spec(["true"], { cwd });
    const result = await run(command);
    expect(result).toMatchObject({ kind: "cwd-missing" });
    expect(describeCommand(command, result)).toContain(cwd);
  });

  test("is refused by the system: that is told in its own words", async () => {
    await expect(run(spec(["true", "a\0b"]))).resolves.toMatchObject({
      kind: "not-started",
      detail: expect.stringContaining("null bytes"),
    });
  });
});

describe("a command that does not end", () => {
  test("trap 27: is ended with all its children at its timeout, though they ignore SIGTERM", async () => {
    const cwd = folder();
    const stubborn = `trap '' TERM; echo $$ > "$0"; while :; do sleep 0.05; done`;
    const command = bash(
      `trap '' TERM; bash -c "$STUBBORN" child & (bash -c "$STUBBORN" grandchild) & echo begun; while :; do sleep 0.05; done`,
      { cwd, env: { STUBBORN: stubborn }, timeoutMs: 2_500 },
    );
    const result = await run(command, { graceMs: 200 });
    expect(result).toMatchObject({ kind: "timed-out", output: "begun\n" });
    expect(result.ms).toBeGreaterThanOrEqual(2_700);
    expect(result.ms).toBeLessThan(15_000);
    expect(describeCommand(command, result)).toContain("still running after 2.5 s");
    for (const name of ["child", "grandchild"]) {
      await eventually(`${name} has ended`, () => expect(hasEnded(pidIn(join(cwd, name)))).toBe(true));
    }
  });

  test("may clean up when it is told to end", async () => {
    const command = bash("trap 'echo cleaned; exit 0' TERM; echo begun; while :; do sleep 0.05; done", {
      timeoutMs: 2_000,
    });
    const result = await run(command);
    expect(result).toMatchObject({
      kind: "timed-out",
      output: expect.stringMatching(/^begun\n(.*\n)?cleaned\n$/),
    });
    // Nobody waited for the grace to be over.
    expect(result.ms).toBeLessThan(6_500);
  });

  test("is ended when the daemon stops", async () => {
    const stop = new AbortController();
    const running = run(spec(["sleep", "60"]), { signal: stop.signal });
    setTimeout(() => stop.abort(), 100);
    await expect(running).resolves.toMatchObject({ kind: "aborted" });
    await expect(run(spec(["sleep", "60"]), { signal: stop.signal })).resolves.toMatchObject({
      kind: "aborted",
    });
  });

  test("ends a child that it left behind when it exits with 0 and may leave nothing running", async () => {
    const cwd = folder();
    const result = await run(bash("sleep 60 & echo $! > left; exit 0", { cwd }));
    expect(result).toMatchObject({ kind: "exited", code: 0 });
    expect(result.ms).toBeLessThan(20_000);
    expect(hasEnded(pidIn(join(cwd, "left")))).toBe(true);
  });

  test("last words of a child that the leader did not wait for are kept", async () => {
    const command = bash("exec > >(sleep 0.1; cat); echo last words");
    const result = await run(command, { settleMs: 20_000 });
    expect(result).toMatchObject({ code: 0, output: "last words\n" });
    // Nor is its corpse, which process 1 may collect late or never.
    expect(result.ms).toBeLessThan(15_000);
  });

  test("a child that left the group and holds the output open is not waited for", async () => {
    const cwd = folder();
    const result = await run(
      bash("setsid bash -c 'echo $$ > away; sleep 60' & until [ -s away ]; do sleep 0.05; done; echo done", {
        cwd,
      }),
    );
    onTestFinished(() => void process.kill(-pidIn(join(cwd, "away")), "SIGKILL"));
    expect(result).toMatchObject({ kind: "exited", code: 0, output: "done\n" });
    expect(result.ms).toBeLessThan(20_000);
    expect(hasEnded(pidIn(join(cwd, "away")))).toBe(false);
  });
});

/** Begins a service that writes a line to its standard output again and again, and counts them in the file `lines`. */
const service = `trap '' HUP; n=0; while :; do echo "line $n $(head -c 2000 /dev/zero | tr '\\0' x)" || exit 3; n=$((n+1)); echo $n > lines.new; mv lines.new lines; done`;

function endLater(cwd: string): void {
  onTestFinished(() => {
    try {
      process.kill(pidIn(join(cwd, "pid")), "SIGKILL");
    } catch {
      // It has ended, which is what some of these tests are about.
    }
  });
}

const linesOf = (cwd: string): number => {
  try {
    return Number(readFileSync(join(cwd, "lines"), "utf8"));
  } catch {
    return 0;
  }
};

/** More than a pipe holds (64 KiB) was written after now. */
async function writesOn(cwd: string): Promise<void> {
  const before = linesOf(cwd);
  await eventually("the service writes on", () => expect(linesOf(cwd)).toBeGreaterThan(before + 100), {
    withinMs: 20_000,
  });
}

describe("a command that may leave something running", () => {
  const leaving = { mayLeaveRunning: true };

  test.each([
    ["nohup", `nohup bash -c "$SERVICE" & echo $! > pid`],
    ["a plain &", `bash -c "$SERVICE" & echo $! > pid`],
    ["setsid", `setsid bash -c 'echo $$ > pid; eval "$SERVICE"' & until [ -s pid ]; do sleep 0.05; done`],
    ["a double fork", `(bash -c "$SERVICE" & echo $! > pid)`],
  ])("lets a service live that it started with %s, whatever the service writes", async (_, text) => {
    const cwd = folder();
    endLater(cwd);
    const result = await run(
      bash(`echo begun; ${text}; exit 0`, { cwd, env: { SERVICE: service } }),
      leaving,
    );
    expect(result).toMatchObject({ kind: "exited", code: 0, output: expect.stringMatching(/^begun\n/) });
    expect(result.ms).toBeLessThan(15_000);
    await writesOn(cwd);
    expect(hasEnded(pidIn(join(cwd, "pid")))).toBe(false);
  });

  test("lets a service live where no true pipe can be made", async () => {
    const cwd = folder();
    endLater(cwd);
    vi.stubEnv("TMPDIR", "/nowhere");
    onTestFinished(() => void vi.unstubAllEnvs());
    const text = `bash -c "$SERVICE" & echo $! > pid`;
    await expect(run(bash(text, { cwd, env: { SERVICE: service } }), leaving)).resolves.toMatchObject({
      code: 0,
    });
    await writesOn(cwd);
  });

  test("lets a service live after the daemon has died", async () => {
    const cwd = folder();
    endLater(cwd);
    const text = `bash -c "$SERVICE" & echo $! > pid`;
    const command = bash(text, { cwd, env: { SERVICE: service } });
    const child = join(import.meta.dirname, "command.child.ts");
    await promisify(execFile)(process.execPath, [child, JSON.stringify(command)]).catch(() => undefined);
    await writesOn(cwd);
    expect(hasEnded(pidIn(join(cwd, "pid")))).toBe(false);
  });

  test("goes on writing when the daemon dies before the command has ended", async () => {
    const cwd = folder();
    endLater(cwd);
    const command = bash(`echo $$ > pid; eval "$SERVICE"`, { cwd, env: { SERVICE: service } });
    const child = execFile(process.execPath, [
      join(import.meta.dirname, "command.child.ts"),
      JSON.stringify(command),
    ]);
    await eventually("the command has begun", () => expect(linesOf(cwd)).toBeGreaterThan(0), {
      withinMs: 20_000,
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    await writesOn(cwd);
    expect(hasEnded(pidIn(join(cwd, "pid")))).toBe(false);
  });

  test.each([
    ["exits with another code", "exit 4", 20_000, { kind: "exited", code: 4 }],
    ["is ended by a signal", "kill -KILL $$", 20_000, { kind: "exited", signal: "SIGKILL" }],
    ["is still running at its timeout", "sleep 60", 2_000, { kind: "timed-out" }],
  ])("ends what it started when it %s", async (_, ending, timeoutMs, expected) => {
    const cwd = folder();
    endLater(cwd);
    const result = await run(bash(`sleep 60 & echo $! > pid; ${ending}`, { cwd, timeoutMs }), leaving);
    expect(result).toMatchObject(expected);
    expect(hasEnded(pidIn(join(cwd, "pid")))).toBe(true);
  });
});

test("trap 27: 100 MB of output, three times over, neither block the command nor stay in memory", async () => {
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
  onTestFinished(() => clearInterval(watch));
  const flood = `echo first; head -c 300000000 /dev/zero | tr '\\0' x; echo; echo last`;
  const { output, ...result } = await run(bash(flood));
  peak = Math.max(peak, process.memoryUsage().rss);
  expect(result).toMatchObject({ kind: "exited", code: 0 });
  expect(output).toMatch(/^first\nx+\n… 300\.0 MB left out …\nx+\nlast\n$/);
  expect(output.length).toBeLessThan(33 * 1024);
  expect((peak - before) / 1e6).toBeLessThan(150);
});
