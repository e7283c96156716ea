import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { verifyLog } from "../../src/log/verify.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { logFiles, writeLog } from "./sample-log.ts";

const hasPython = spawnSync("python3", ["--version"]).status === 0;
const DOCUMENT = join(import.meta.dirname, "../../docs/decision-log.md");

describe.skipIf(!hasPython)("the Python program of docs/decision-log.md (needs python3)", () => {
  const program = /```python\n([\s\S]*?)```/.exec(readFileSync(DOCUMENT, "utf8"))?.[1] ?? "";
  let temporary: ReturnType<typeof temporaryFolder>;
  let folder: string;

  beforeEach(async () => {
    temporary = temporaryFolder();
    folder = join(temporary.path, "decisions");
    mkdirSync(folder);
    await writeLog(folder, 20, 2000);
  });
  afterEach(() => temporary.remove());

  function run() {
    return spawnSync("python3", ["-c", program, temporary.path], { encoding: "utf8" });
  }

  test("agrees with `log verify` on a whole log of several files", async () => {
    const { head, files } = await verifyLog(folder);
    expect(files).toBe(1);
    await writeLog(folder, 20, 2000);
    const again = await verifyLog(folder);
    expect(again.files).toBeGreaterThan(1);
    expect(head.seq).toBe(20);
    const { stdout, status } = run();
    expect(stdout.trim()).toBe(`whole: ${again.head.hash}@40`);
    expect(status).toBe(0);
  });

  test.each([
    ["an altered record", (lines: string[]) => lines.with(6, (lines[6] ?? "").replace("note 7", "note 8"))],
    ["a removed record", (lines: string[]) => lines.toSpliced(6, 1)],
    ["exchanged records", (lines: string[]) => lines.with(6, lines[7] ?? "").with(7, lines[6] ?? "")],
  ])("names the place of %s", async (_, change) => {
    const [file = ""] = await logFiles(folder);
    writeFileSync(file, change(readFileSync(file, "utf8").split("\n")).join("\n"));
    const { stderr, status } = run();
    expect(status).toBe(1);
    expect(stderr).toContain(`${file}:7: record 7`);
    expect((await verifyLog(folder)).defect?.line).toBe(7);
  });
});
