/*
 * A decision log of a million records, beside one of a thousand: what do people wait for, and how much is read for it?
 *
 *   npm run bench:log              1,000 and 1,000,000 records (some 450 MB in the folder for temporary files)
 *   npm run bench:log -- 100000    1,000 and 100,000
 *
 * Each question is asked by a process of its own. "read" is what it read from files beyond its own code; "memory" is
 * what it held at most beyond a process that asks nothing. Fails when the newest records of the long log are
 * not as quick to have as those of the short one, give or take, or when any question holds the log in memory.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHistory } from "../src/daemon/history.ts";
import { byDecision, readLog, readNewest } from "../src/log/reader.ts";
import { collect } from "../test/support/collect.ts";
import { decisionIdAt, writeLongLog } from "./long-log.ts";

interface Cost {
  readonly ms: number;
  readonly readMb: number;
  readonly memoryMb: number;
  /** Records that came of it. */
  readonly found: number;
}

const QUESTIONS: Readonly<Record<string, (folder: string, count: number) => Promise<number>>> = {
  "list the newest 20": async (folder) => (await collect(readNewest(folder), 20)).length,
  "the newest 20 of one policy": async (folder) =>
    (await collect(readNewest(folder, { policy: "policy-7" }), 20)).length,
  "the newest 20 decisions": async (folder) =>
    (await collect(readNewest(folder, { type: "decision" }), 20)).length,
  "20 from the middle on": async (folder, count) =>
    (await collect(readNewest(folder, { beforeSeq: Math.floor(count / 2) }), 20)).length,
  "show a decision of the newest tenth": async (folder, count) =>
    (await byDecision(folder, decisionIdAt(0.9 * count))).length,
  "show a decision of the oldest tenth": async (folder, count) =>
    (await byDecision(folder, decisionIdAt(0.1 * count))).length,
  "read all, as a start does": async (folder) => {
    const history = createHistory();
    let found = 0;
    for await (const record of readLog(folder)) {
      history.apply(record);
      found += 1;
    }
    return found;
  },
};

const [first, folder, records] = process.argv.slice(2);
if (folder !== undefined && first !== undefined) await ask(first, folder, Number(records));
else await compare(Number(first ?? 1_000_000));

async function ask(question: string, folder: string, count: number): Promise<void> {
  const readBefore = bytesRead();
  const begun = performance.now();
  const found = (await QUESTIONS[question]?.(folder, count)) ?? 0;
  const ms = performance.now() - begun;
  const memoryMb = process.resourceUsage().maxRSS / 1e3;
  const cost: Cost = { ms, readMb: (bytesRead() - readBefore) / 1e6, memoryMb, found };
  console.log(JSON.stringify(cost));
}

/** By this process, from files and from what the system still held of them. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}

async function compare(count: number): Promise<void> {
  const short = await mkdtemp(join(tmpdir(), "rollbackd-bench-"));
  const long = await mkdtemp(join(tmpdir(), "rollbackd-bench-"));
  try {
    const bytes = { short: writeLongLog(short, 1_000), long: writeLongLog(long, count) };
    console.log(
      `${count} records, ${(bytes.long / 1e6).toFixed(0)} MB, beside 1000 records, ${(bytes.short / 1e6).toFixed(1)} MB`,
    );
    console.log(
      "                                          found        ms  of 1000    read MB  share  memory MB",
    );
    const idleMb = asked("nothing", long, count).memoryMb;
    for (const question of Object.keys(QUESTIONS)) {
      const small = asked(question, short, 1_000);
      const large = asked(question, long, count);
      show(question, { small, large, totalMb: bytes.long / 1e6, idleMb });
    }
  } finally {
    await Promise.all([short, long].map((folder) => rm(folder, { recursive: true })));
  }
}

function asked(question: string, folder: string, count: number): Cost {
  const args = [import.meta.filename, question, folder, String(count)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Cost;
}

function show(
  question: string,
  {
    small,
    large,
    totalMb,
    idleMb,
  }: Readonly<Record<"small" | "large", Cost> & Record<"totalMb" | "idleMb", number>>,
): void {
  const memoryMb = large.memoryMb - idleMb;
  const cells = [
    String(large.found).padStart(8),
    large.ms.toFixed(1).padStart(10),
    `×${(large.ms / small.ms).toFixed(1)}`.padStart(9),
    large.readMb.toFixed(2).padStart(11),
    `${((large.readMb / totalMb) * 100).toFixed(1)} %`.padStart(8),
    memoryMb.toFixed(0).padStart(10),
  ];
  console.log(`  ${question.padEnd(37)}${cells.join("")}`);
  if (question.startsWith("list the newest") && large.ms > 5 * small.ms)
    fail("the newest records take longer in a long log");
  if (memoryMb > totalMb / 2 && totalMb > 100) fail("the log is held in memory");
}

function fail(what: string): void {
  console.error(`FAILED: ${what}`);
  process.exitCode = 1;
}
