import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogLocked } from "../../src/log/lock.ts";
import { readLog } from "../../src/log/reader.ts";
import { LogUnwritable } from "../../src/log/unwritable.ts";
import { verifyLog } from "../../src/log/verify.ts";
import { openLog } from "../../src/log/writer.ts";
import { collect } from "../support/collect.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { logFiles, note, writeLog } from "./sample-log.ts";

let temporary: ReturnType<typeof temporaryFolder>;
let folder: string;

beforeEach(() => {
  temporary = temporaryFolder();
  folder = join(temporary.path, "data", "decisions");
});
afterEach(() => temporary.remove());

async function lastFile(): Promise<string> {
  return (await logFiles(folder)).at(-1) ?? "";
}

describe("appending", () => {
  test("numbers run without a gap, also when many append at once, and a reopened log goes on", async () => {
    await writeLog(folder, 100);
    const log = await openLog(folder);
    expect((await log.append(note(101))).seq).toBe(101);
    await log.close();
    expect(await verifyLog(folder)).toMatchObject({ records: 101, defect: undefined });
  });

  test("a file is closed when it is full, and names sort by time", async () => {
    await writeLog(folder, 1);
    for (let index = 0; index < 3; index += 1) {
      const log = await openLog(folder, { maxFileBytes: 600 });
      await log.append(note(1));
      await log.append(note(2));
      await log.close();
    }
    const files = await logFiles(folder);
    expect(files.length).toBeGreaterThan(2);
    expect(files.every((file) => statSync(file).size <= 600)).toBe(true);
    expect(await verifyLog(folder)).toMatchObject({ records: 7, files: files.length, defect: undefined });
  });

  test("time does not run backwards when the clock does", async () => {
    let now = 1_000_000;
    const log = await openLog(folder, { now: () => now });
    const first = await log.append(note(1));
    now = 0;
    const second = await log.append(note(2));
    await log.close();
    const reopened = await openLog(folder, { now: () => now });
    const third = await reopened.append(note(3));
    await reopened.close();
    expect([second.at, third.at]).toEqual([first.at, first.at]);
  });

  test("listeners see each record once it is durable, in order", async () => {
    const log = await openLog(folder);
    const seen: [number, boolean][] = [];
    const stop = log.onAppended(({ seq, hash }) =>
      seen.push([
        seq,
        readFileSync(
          readdirSync(folder)
            .map((name) => join(folder, name))
            .find((name) => name.endsWith(".jsonl")) ?? "",
          "utf8",
        ).includes(hash),
      ]),
    );
    await Promise.all([log.append(note(1)), log.append(note(2)), log.append(note(3))]);
    stop();
    await log.append(note(4));
    await log.close();
    expect(seen).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
  });

  test("a closed log refuses", async () => {
    const log = await openLog(folder);
    await log.close();
    await expect(log.append(note(1))).rejects.toThrow(LogUnwritable);
  });
});

describe("one writer", () => {
  test("a second daemon on the same folder is told which process has it", async () => {
    const log = await openLog(folder);
    const second = await openLog(folder).catch((error: unknown) => error);
    expect(second).toBeInstanceOf(LogLocked);
    expect(String(second)).toContain(`process ${process.pid}`);
    await log.close();
    await (await openLog(folder)).close();
  });

  test.each([
    ["a process that is gone", `writer-${deadPid()}-1-${hostname()}.lock`],
    ["an earlier process with the number of this one", `writer-${process.pid}-1-${hostname()}.lock`],
    ["another host", `writer-${process.pid}-1-elsewhere.lock`],
  ])("the lock of %s is taken over", async (_, name) => {
    await writeLog(folder, 1);
    writeFileSync(join(folder, name), "");
    const log = await openLog(folder);
    await expect(openLog(folder)).rejects.toThrow(LogLocked);
    await log.close();
    expect(readdirSync(folder).filter((name) => name.includes("lock"))).toEqual([]);
  });

  test("a living process keeps its lock", async () => {
    const child = spawn("sleep", ["60"]);
    try {
      const started = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
      await writeLog(folder, 1);
      writeFileSync(join(folder, `writer-${child.pid}-${started}-${hostname()}.lock`), "");
      await expect(openLog(folder)).rejects.toThrow(`process ${child.pid}`);
    } finally {
      child.kill();
    }
  });

  test("of several that start at once, never two write", async () => {
    await writeLog(folder, 1);
    const child = join(import.meta.dirname, "lock.child.ts");
    const runs = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const run = spawn(process.execPath, [child, folder], { stdio: ["ignore", "pipe", "inherit"] });
        return (await collect<Buffer>(run.stdout)).join("").trim();
      }),
    );
    expect(runs.filter((answer) => answer === "wrote").length).toBeGreaterThan(0);
    expect((await verifyLog(folder)).defect).toBeUndefined();
    expect(runs.every((answer) => ["wrote", "LogLocked"].includes(answer))).toBe(true);
  });

  test("a file that somebody else wrote to is not written over", async () => {
    const log = await openLog(folder);
    await log.append(note(1));
    appendFileSync(await lastFile(), "from elsewhere\n");
    await expect(log.append(note(2))).rejects.toThrow(/another process changed it/);
    await expect(log.append(note(2))).rejects.toThrow(LogUnwritable);
    expect(readFileSync(await lastFile(), "utf8")).toContain("from elsewhere");
    await log.close();
  });
});

describe("after a crash", () => {
  test("trap 35: a torn last line is set aside and reported, whatever its length, and the chain continues", async () => {
    await writeLog(folder, 3);
    const path = await lastFile();
    const whole = readFileSync(path);
    const begin = whole.lastIndexOf("\n", whole.length - 2) + 1;
    for (let length = begin + 1; length < whole.length; length += 17) {
      writeFileSync(path, whole.subarray(0, length));
      const log = await openLog(folder);
      expect(log.torn).toMatchObject([{ file: path, bytes: length - begin }]);
      expect(readFileSync(log.torn[0]?.movedTo ?? "")).toEqual(whole.subarray(begin, length));
      expect(log.torn[0]?.movedTo).not.toMatch(/\.jsonl$/);
      expect((await log.append(note(3))).seq).toBe(3);
      await log.close();
      expect(await verifyLog(folder)).toMatchObject({ records: 3, defect: undefined });
    }
  });

  test("trap 35: pages of zeros that the disk left at the end are set aside too", async () => {
    await writeLog(folder, 3);
    const path = await lastFile();
    const { size } = statSync(path);
    truncateSync(path, size + 8192);
    const log = await openLog(folder);
    expect(log.torn).toMatchObject([{ bytes: 8192 }]);
    expect((await log.append(note(4))).seq).toBe(4);
    await log.close();
    expect(await verifyLog(folder)).toMatchObject({ records: 4, defect: undefined });
  });

  test("a new file that holds no whole record is set aside, and the one before goes on", async () => {
    await writeLog(folder, 3);
    const next = join(folder, "2027-01-01T00-00-00.000Z-000000004.jsonl");
    writeFileSync(next, '{"seq":4,');
    const log = await openLog(folder);
    expect(log.torn).toMatchObject([{ file: next, bytes: 9 }]);
    await log.append(note(4));
    await log.close();
    expect(await verifyLog(folder)).toMatchObject({ records: 4, files: 1, defect: undefined });
  });

  test("killed at any moment: every acknowledged record is there and the chain holds", async () => {
    for (let round = 0; round < 6; round += 1) {
      const acknowledged = await writeAndKill(folder, 1 + Math.floor(Math.random() * 60));
      const log = await openLog(folder);
      expect(log.head().seq).toBeGreaterThanOrEqual(acknowledged);
      await log.append(note(round));
      await log.close();
      expect((await verifyLog(folder)).defect).toBeUndefined();
    }
    expect((await collect(readLog(folder))).length).toBeGreaterThan(18);
  });
});

async function writeAndKill(into: string, afterLines: number): Promise<number> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "writer.child.ts"), into], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let acknowledged = 0;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line);
    lines += 1;
    if (lines === afterLines) {
      child.kill("SIGKILL");
    }
  }
  if (child.exitCode === null && child.signalCode === null) {
    await once(child, "exit");
  }
  return acknowledged;
}

describe("a disk that takes no more", () => {
  const script = 'mount -t tmpfs -o size=256k tmpfs "$1" && exec "$2" "$3" "$1"';
  const mountable = spawnSync("unshare", ["-rm", "true"]).status === 0;

  test.skipIf(!mountable)(
    "trap 36: disk full is an error with its code, leaves no half record, and passes when space returns",
    () => {
      const child = join(import.meta.dirname, "disk-full.child.ts");
      const run = spawnSync(
        "unshare",
        ["-rm", "sh", "-c", script, "sh", temporary.path, process.execPath, child],
        { encoding: "utf8" },
      );
      expect(run.stderr).toBe("");
      expect(JSON.parse(run.stdout)).toEqual({
        before: { append: 1, writable: true },
        full: { append: "LogUnwritable ENOSPC", again: "LogUnwritable ENOSPC", writable: false },
        halfRecord: false,
        after: { writable: true, append: 2 },
        verdict: "whole",
      });
    },
  );

  test("a folder that cannot be made is named with the next step", async () => {
    const file = join(temporary.path, "file");
    writeFileSync(file, "");
    await expect(openLog(join(file, "decisions"))).rejects.toThrow(/cannot be written: ENOTDIR/);
  });
});

/** The number of a process that has ended. */
function deadPid(): number {
  return spawnSync("true").pid;
}
