import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { verifyLog } from "../../src/log/verify.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { logFiles, writeLog } from "./sample-log.ts";

let temporary: ReturnType<typeof temporaryFolder>;
let path: string;
let lines: string[];

beforeEach(async () => {
  temporary = temporaryFolder();
  await writeLog(temporary.path, 10);
  path = (await logFiles(temporary.path))[0] ?? "";
  lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
});
afterEach(() => temporary.remove());

function rewrite(change: (lines: string[]) => readonly string[]): void {
  writeFileSync(path, `${change([...lines]).join("\n")}\n`);
}

async function defect(known?: { seq: number; hash: string }) {
  return (await verifyLog(temporary.path, known)).defect;
}

function hashOf(line: number): string {
  return /"hash":"(\w+)"/.exec(lines[line - 1] ?? "")?.[1] ?? "";
}

test("an untouched log is whole", async () => {
  expect(await verifyLog(temporary.path)).toEqual({
    head: { seq: 10, hash: hashOf(10) },
    records: 10,
    files: 1,
    defect: undefined,
  });
});

test("trap 35: wherever a byte is flipped, that record is named", async () => {
  const bytes = Buffer.from(`${lines.join("\n")}\n`);
  const begin = lines.slice(0, 4).join("\n").length + 1;
  for (let index = begin; index < begin + (lines[4]?.length ?? 0); index += 1) {
    const flipped = Buffer.from(bytes);
    flipped[index] = (flipped[index] ?? 0) ^ 1;
    writeFileSync(path, flipped);
    const found = await defect();
    expect(found, `byte ${index}`).toMatchObject({ line: 5 });
    expect(["altered", "unparseable"]).toContain(found?.flaw);
  }
});

test("trap 35: a flipped newline is found at the line that it ended", async () => {
  writeFileSync(path, `${lines.slice(0, 5).join("\n")} ${lines.slice(5).join("\n")}\n`);
  expect(await defect()).toMatchObject({ line: 5, flaw: "unparseable" });
});

test("trap 35: a removed line is named by the record that follows the hole", async () => {
  rewrite((all) => all.toSpliced(4, 1));
  expect(await defect()).toMatchObject({
    line: 5,
    seq: 6,
    flaw: "missing",
    detail: "record 5 should stand before record 6",
  });
});

test("trap 35: several removed lines are counted", async () => {
  rewrite((all) => all.toSpliced(4, 3));
  expect((await defect())?.detail).toContain("records 5 to 7");
});

test("trap 35: exchanged lines are reordered, not missing", async () => {
  rewrite((all) => [...all.slice(0, 4), all[5] ?? "", all[4] ?? "", ...all.slice(6)]);
  expect(await defect()).toMatchObject({ line: 5, seq: 6, flaw: "reordered" });
});

test("a line that stands twice is reordered", async () => {
  rewrite((all) => [...all.slice(0, 5), ...all.slice(4)]);
  expect(await defect()).toMatchObject({ line: 6, seq: 5, flaw: "reordered" });
});

test("a record sealed anew after another past is found at the next one", async () => {
  const { seal } = await import("../../src/log/chain.ts");
  const forged = seal(
    { type: "daemon.stopped", cause: "forged" },
    { seq: 4, hash: hashOf(4) },
    Date.UTC(2026, 0, 1),
  );
  rewrite((all) => all.with(4, forged));
  expect(await defect()).toMatchObject({ line: 6, seq: 6, flaw: "relinked" });
});

test("an empty line is no record", async () => {
  rewrite((all) => all.toSpliced(4, 0, ""));
  expect(await defect()).toMatchObject({ line: 5, flaw: "unparseable" });
});

test("trap 35: truncation shows against a head that was noted elsewhere, and only then", async () => {
  rewrite((all) => all.slice(0, 7));
  expect(await defect()).toBeUndefined();
  expect(await defect({ seq: 7, hash: hashOf(7) })).toBeUndefined();
  expect(await defect({ seq: 10, hash: hashOf(10) })).toMatchObject({ flaw: "truncated" });
});

test("a log written anew from the start shows against a head", async () => {
  rmSync(path);
  await writeLog(temporary.path, 9);
  expect(await defect({ seq: 9, hash: "f".repeat(64) })).toMatchObject({ seq: 9, flaw: "rewritten" });
});

test("a line that is being written at the very end is no defect; in an older file it is", async () => {
  const second = path.replace("000000001", "000000007").replace("00-10", "01-10");
  writeFileSync(second, `${lines.slice(6).join("\n")}\n{"seq":11`);
  writeFileSync(path, `${lines.slice(0, 6).join("\n")}\n`);
  expect(await verifyLog(temporary.path)).toMatchObject({ records: 10, files: 2, defect: undefined });
  truncateSync(path, lines.slice(0, 6).join("\n").length - 3);
  expect(await defect()).toMatchObject({ file: path, line: 6, flaw: "unfinished" });
});
