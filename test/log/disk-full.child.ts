// Fills the file system of the folder that it is given, and prints what the log said before, meanwhile and after.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { verifyLog } from "../../src/log/verify.ts";
import { LogUnwritable } from "../../src/log/unwritable.ts";
import { openLog } from "../../src/log/writer.ts";
import { logFiles } from "./sample-log.ts";

const root = process.argv[2] ?? "";
const folder = join(root, "decisions");
const log = await openLog(folder);
const append = () =>
  log.append({ type: "daemon.stopped", cause: "x".repeat(9000) }).then(
    ({ seq }) => seq,
    (error: unknown) => (error instanceof LogUnwritable ? `LogUnwritable ${error.code}` : String(error)),
  );
const before = { append: await append(), writable: (await log.writable()).ok };
const filler = join(root, "filler");
await writeFile(filler, Buffer.alloc(64 * 1024 * 1024)).catch(() => undefined);
const full = { append: await append(), again: await append(), writable: (await log.writable()).ok };
const [file = ""] = await logFiles(folder);
const halfRecord = !(await readFile(file, "utf8")).endsWith("\n");
await rm(filler);
const after = { writable: (await log.writable()).ok, append: await append() };
const verdict = await verifyLog(folder);
process.stdout.write(
  JSON.stringify({
    before,
    full,
    halfRecord,
    after,
    verdict: verdict.defect ?? "whole",
  }),
);
