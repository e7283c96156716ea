import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { GENESIS, seal } from "../../src/log/chain.ts";
import { fileName } from "../../src/log/files.ts";
import { follow } from "../../src/log/follow.ts";
import { byDecision, readLog, readNewest } from "../../src/log/reader.ts";
import type { DecisionRecord, RecordBody } from "../../src/log/record.ts";
import { openLog } from "../../src/log/writer.ts";
import { collect } from "../support/collect.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { logFiles, note, writeLog } from "./sample-log.ts";

const START = Date.UTC(2026, 0, 1);

function decision(id: string, policy: string): DecisionRecord {
  return {
    type: "decision.made",
    policy,
    target: `shop/${policy}`,
    release: `shop/${policy}@2`,
    decisionId: id,
    decision: "hold",
    reason: "observe-mode",
    otherReasons: [],
    trigger: "error-rate",
    summary: "would have acted",
    evidence: [],
  };
}

describe("a log of several files", () => {
  let temporary: ReturnType<typeof temporaryFolder>;
  let folder: string;

  beforeEach(async () => {
    temporary = temporaryFolder();
    folder = temporary.path;
    for (let index = 0; index < 4; index += 1) {
      const log = await openLog(folder, { now: () => START + index * 60_000, maxFileBytes: 900 });
      for (let record = 0; record < 5; record += 1) {
        await log.append(note(record));
      }
      await log.append(decision(`d-${index}`, index % 2 === 0 ? "api" : "web"));
      await log.append({
        type: "rollback.applied",
        policy: "api",
        target: "t",
        release: "r",
        decisionId: `d-${index}`,
        detail: "",
      });
      await log.close();
    }
  });
  afterEach(() => temporary.remove());

  async function seqs(records: AsyncIterable<{ readonly seq: number }>, limit?: number): Promise<number[]> {
    return (await collect(records, limit)).map(({ seq }) => seq);
  }
  const all = Array.from({ length: 28 }, (_, index) => index + 1);

  test("reading gives every record once, oldest first or newest first", async () => {
    expect((await logFiles(folder)).length).toBeGreaterThan(4);
    expect(await seqs(readLog(folder))).toEqual(all);
    expect(await seqs(readNewest(folder))).toEqual(all.toReversed());
  });

  test.each(all)("from record %i on, and the page before it", async (seq) => {
    expect(await seqs(readLog(folder, { sinceSeq: seq }))).toEqual(all.slice(seq - 1));
    expect(await seqs(readNewest(folder, { beforeSeq: seq }))).toEqual(all.slice(0, seq - 1).reverse());
  });

  test("filters: policy, type by whole name or first half, decision, time", async () => {
    expect(await seqs(readNewest(folder, { policy: "web" }))).toEqual([27, 13]);
    expect(await seqs(readLog(folder, { type: "decision.made" }))).toEqual([6, 13, 20, 27]);
    expect(await seqs(readLog(folder, { type: "rollback" }))).toEqual([7, 14, 21, 28]);
    expect(await seqs(readLog(folder, { type: "roll" }))).toEqual([]);
    expect(await seqs(readLog(folder, { decision: "hold", policy: "api" }))).toEqual([6, 20]);
    expect(await seqs(readLog(folder, { decision: "rollback" }))).toEqual([]);
    const second = { from: START + 60_000, to: START + 119_999 };
    expect(await seqs(readLog(folder, second))).toEqual(all.slice(7, 14));
    expect(await seqs(readNewest(folder, second))).toEqual(all.slice(7, 14).reverse());
  });

  test("one decision comes with everything that followed from it", async () => {
    expect((await byDecision(folder, "d-2")).map(({ seq }) => seq)).toEqual([20, 21]);
    expect(await byDecision(folder, "d")).toEqual([]);
  });

  test("a line that is being written is not seen, a line that is no record is passed over and reported", async () => {
    const last = (await logFiles(folder)).at(-1) ?? "";
    appendFileSync(last, "no record\n");
    appendFileSync(last, '{"seq":29,"at":"');
    const unreadable: string[] = [];
    expect(
      await seqs(readNewest(folder, { onUnreadable: ({ file }) => unreadable.push(file) })),
    ).toHaveLength(28);
    expect(unreadable).toEqual([last]);
  });

  test("following gives what is there from a number on, then what is appended, also across files", async () => {
    const stop = new AbortController();
    const following = collect(follow(folder, 27, stop.signal), 8);
    const log = await openLog(folder, { maxFileBytes: 900 });
    for (let record = 0; record < 6; record += 1) {
      await log.append(note(record));
    }
    await log.close();
    expect((await following).map(({ seq }) => seq)).toEqual([27, 28, 29, 30, 31, 32, 33, 34]);
  });

  test("following ends when it is told to", async () => {
    const stop = new AbortController();
    const following = collect(follow(folder, 1, stop.signal));
    stop.abort();
    expect((await following).length).toBeLessThanOrEqual(28);
  });
});

test("lines longer than a block are read from both ends", async () => {
  const { path: folder, remove } = temporaryFolder();
  const log = await openLog(folder);
  const long = "x".repeat(700_000);
  for (const cause of ["a", long, "b", long, long, "c"]) {
    await log.append({ type: "daemon.stopped", cause });
  }
  await log.close();
  appendFileSync((await logFiles(folder))[0] ?? "", long);
  expect((await collect(readLog(folder))).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  expect((await collect(readNewest(folder))).map(({ seq }) => seq)).toEqual([6, 5, 4, 3, 2, 1]);
  remove();
});

test("an empty log has no records; a folder that is not there is an error", async () => {
  const { path: folder, remove } = temporaryFolder();
  await writeLog(folder, 0);
  expect(await collect(readNewest(folder))).toEqual([]);
  await expect(collect(readNewest(join(folder, "none")))).rejects.toThrow("ENOENT");
  remove();
});

const COUNTER = "/proc/self/io";

describe.skipIf(!existsSync(COUNTER))("trap 37: a log of 200,000 records", () => {
  const COUNT = 200_000;
  const PER_FILE = 70_000;
  let temporary: ReturnType<typeof temporaryFolder>;
  let folder: string;
  let total = 0;

  beforeAll(() => {
    temporary = temporaryFolder();
    folder = temporary.path;
    let head = GENESIS;
    let file = -1;
    let lines: string[] = [];
    for (let index = 0; index < COUNT; index += 1) {
      const at = START + index * 1000;
      if (index % PER_FILE === 0) {
        file = openSync(join(folder, fileName(at, index + 1)), "w");
      }
      const line = seal(bodyOf(index), head, at);
      head = { seq: index + 1, hash: /(\w{64})"\}$/.exec(line)?.[1] ?? "" };
      lines.push(line);
      if ((index + 1) % 10_000 === 0) {
        const text = `${lines.join("\n")}\n`;
        total += writeSync(file, text);
        lines = [];
        if ((index + 1) % PER_FILE === 0 || index + 1 === COUNT) {
          closeSync(file);
        }
      }
    }
  });
  afterAll(() => temporary.remove());

  function bodyOf(index: number): RecordBody {
    return index % 1000 === 0 ? decision(`d-${index}`, `policy-${index % 7}`) : note(index);
  }

  async function bytesReadBy(work: () => Promise<unknown>): Promise<number> {
    const before = Number(/rchar: (\d+)/.exec(readFileSync(COUNTER, "utf8"))?.[1]);
    await work();
    return Number(/rchar: (\d+)/.exec(readFileSync(COUNTER, "utf8"))?.[1]) - before;
  }

  test("the newest page reads one block, not the log", async () => {
    expect(total).toBeGreaterThan(40_000_000);
    expect(await bytesReadBy(() => collect(readNewest(folder), 50))).toBeLessThan(600_000);
  });

  test.each([199_950, 69_000, 69_999, 30])(
    "the page before record %i is the right one",
    async (beforeSeq) => {
      const expected = Array.from(
        { length: Math.min(50, beforeSeq - 1) },
        (_, index) => beforeSeq - 1 - index,
      );
      const seqs = (await collect(readNewest(folder, { beforeSeq }), 50)).map(({ seq }) => seq);
      expect(seqs).toEqual(expected);
      const to = START + (beforeSeq - 2) * 1000;
      expect((await collect(readNewest(folder, { to }), 50)).map(({ seq }) => seq)).toEqual(expected);
    },
  );

  test("opening a recent decision stops where it was made", async () => {
    expect(await bytesReadBy(() => byDecision(folder, "d-199000"))).toBeLessThan(1_500_000);
  });

  test("a page in the middle of the log reads the file that it is in, and no other", async () => {
    const page = { beforeSeq: 69_000 };
    expect(await bytesReadBy(() => collect(readNewest(folder, page), 50))).toBeLessThan(total / 4);
  });

  test("the oldest decision, through the whole log, does not pile it up in memory", async () => {
    const before = process.memoryUsage();
    expect(await byDecision(folder, "d-0")).toHaveLength(1);
    const after = process.memoryUsage();
    expect(after.heapUsed - before.heapUsed).toBeLessThan(total / 3);
  });

  test("opening it for writing reads its end only", async () => {
    const read = await bytesReadBy(async () => {
      const log = await openLog(folder);
      expect(log.head().seq).toBe(COUNT);
      await log.close();
    });
    expect(read).toBeLessThan(600_000);
  });
});

test("names that are no log files are left alone", async () => {
  const { path: folder, remove } = temporaryFolder();
  await writeLog(folder, 2);
  writeFileSync(join(folder, "notes.jsonl"), "mine\n");
  expect(await collect(readLog(folder))).toHaveLength(2);
  remove();
});
