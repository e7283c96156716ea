import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Io } from "../../src/cli/io.ts";
import { followLog, listLog, reportDecision, showInLog, verifyLogFolder } from "../../src/cli/log.ts";
import type { RecordBody } from "../../src/log/record.ts";
import { openLog } from "../../src/log/writer.ts";
import { logFiles } from "../log/sample-log.ts";
import { applied, decision, report, trigger, verified } from "../notifications/story.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const START = Date.UTC(2026, 2, 2, 10, 6);
const OF_PAGE = { policy: "api", decisionId: "d-1", notificationId: "3-slack", channel: "slack" } as const;
const BODIES: readonly RecordBody[] = [
  { type: "daemon.started", version: "0.1.0" },
  trigger("firing"),
  decision("d-1"),
  applied("d-1"),
  { type: "notification.queued", ...OF_PAGE, event: "trigger", dedupKey: "k", cause: 3 },
  { type: "notification.delivered", ...OF_PAGE, attempts: 1 },
  verified("d-1"),
  decision("d-2", { decision: "hold", reason: "observe-mode" }),
];

let temporary: ReturnType<typeof temporaryFolder>;
let data: string;
let out: string[];
let err: string[];

beforeEach(async () => {
  temporary = temporaryFolder();
  data = temporary.path;
  out = [];
  err = [];
  const log = await openLog(join(data, "decisions"));
  for (const [index, body] of BODIES.entries()) {
    await log.append(body, START + (index + 1) * 10_000);
  }
  await log.close();
});
afterEach(() => temporary.remove());

function io(change: Partial<Io> = {}): Io {
  return {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    columns: 120,
    color: false,
    isTty: false,
    now: () => START + 3_600_000,
    ...change,
  };
}

const text = { format: "text" } as const;
const json = { format: "json" } as const;
const limit = 50;

describe("log list", () => {
  test("shows the newest first: number, UTC time, type, policy and what happened", async () => {
    expect(await listLog({ data, limit, ...text }, io())).toBe(0);
    expect(out).toHaveLength(8);
    expect(out[7]).toBe("     1  2026-03-02 10:06:10Z  daemon.started          -    version 0.1.0");
    expect(out[0]).toMatch(
      /^ {5}8 {2}2026-03-02 10:07:20Z {2}decision\.made {11}api {2}\[d-2\] hold, observe-mode: /,
    );
  });

  test("keeps to the width of a terminal, and to no width in a pipe", async () => {
    await listLog({ data, limit, ...text }, io({ isTty: true, columns: 80 }));
    expect(Math.max(...out.map((line) => line.length))).toBe(80);
    out = [];
    await listLog({ data, limit, ...text }, io({ columns: 80 }));
    expect(Math.max(...out.map((line) => line.length))).toBeGreaterThan(100);
  });

  test("colours only when it is told to", async () => {
    await listLog({ data, limit, ...text }, io());
    expect(out.join("")).not.toContain("\u001B");
    await listLog({ data, limit, ...text }, io({ color: true }));
    expect(out.join("")).toContain("\u001B[31m");
  });

  test("filters and stops at the limit", async () => {
    await listLog({ data, limit: 1, type: "decision", ...json }, io());
    await listLog({ data, limit, decision: "rollback", ...json }, io());
    await listLog({ data, limit, from: "2026-03-02T10:07:15Z", ...json }, io());
    expect(out.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([8, 3, 8]);
  });

  test("takes an age for a time", async () => {
    await listLog({ data, limit, from: "1h", to: "59m", ...json }, io());
    expect(out.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([6, 5, 4, 3, 2, 1]);
  });

  test("says so when nothing matches", async () => {
    expect(await listLog({ data, limit, policy: "other", ...text }, io())).toBe(0);
    expect(out).toEqual(["No record matches."]);
  });

  test("goes on past a line that is no record, and says where it is", async () => {
    const [file = ""] = await logFiles(join(data, "decisions"));
    appendFileSync(file, "rubbish\n");
    expect(await listLog({ data, limit, ...text }, io())).toBe(0);
    expect(out).toHaveLength(8);
    expect(err.join()).toMatch(/Passed over.*jsonl, byte \d+.*log verify/);
  });

  test("a time that is none, and a folder that is none, are wrong calls with a next step", async () => {
    expect(await listLog({ data, limit, from: "yesterday", ...text }, io())).toBe(2);
    expect(await listLog({ data: join(data, "none"), limit, ...text }, io())).toBe(2);
    expect(err[0]).toMatch(/^--from yesterday: expected .*6h/);
    expect(err[1]).toMatch(/There is no decision log in .*none\/decisions\. Next: .*--data/);
  });
});

describe("log show", () => {
  test("has the decision, the numbers, the window, the steps, who was told, and the next step", async () => {
    expect(await showInLog({ data, id: "d-1", ...text }, io())).toBe(0);
    const shown = out.join("\n");
    for (const part of [
      /^ROLLBACK d-1\n {2}error-rate is 11\.2 %, above 5 %/,
      /from {5}revision 7, digest d7/,
      /query {6}sum\(rate\(http_requests_total/,
      /threshold {2}above 5 % for 1 min/,
      /▁▅·██/,
      /unknown {4}unreachable/,
      /\+10 s {7}rollback\.applied {2}shop\/api: template of revision 6 put back/,
      /\+40 s {7}rollback\.verified {2}shop\/api: recovered after 40 s\n {14}rollout complete/,
      /slack {6}trigger {2}delivered 2026-03-02 10:07:00Z/,
      /Next\n {2}Find out what is wrong with revision 7/,
    ]) {
      expect(shown).toMatch(part);
    }
  });

  test("is JSON for programs", async () => {
    await showInLog({ data, id: "d-1", ...json }, io());
    const shown = JSON.parse(out.join("")) as { decision: { seq: number }; later: { seq: number }[] };
    expect([shown.decision.seq, ...shown.later.map(({ seq }) => seq)]).toEqual([3, 4, 5, 6, 7]);
  });

  test("has any record by its number, and a decision by that of its record", async () => {
    expect(await showInLog({ data, id: "2", ...text }, io())).toBe(0);
    expect(out.join("\n")).toMatch(
      /^trigger\.firing\n {2}at {7}2026-03-02 10:06:20Z\n {2}policy {3}api\n {2}record {3}2, [0-9a-f]{64}\n\n/,
    );
    await showInLog({ data, id: "3", ...text }, io());
    expect(out[1]).toMatch(/^ROLLBACK d-1\n/);
    expect(await showInLog({ data, id: "99", ...text }, io())).toBe(1);
    expect(err.join()).toMatch(/knows no record 99/);
  });

  test("of a report after a launch has each check with its numbers, and what to do", async () => {
    const log = await openLog(join(data, "decisions"));
    await log.append(report({ lateMs: 7_200_000 }));
    await log.close();
    expect(await showInLog({ data, id: "9", ...text }, io({ columns: 200 }))).toBe(0);
    expect(out.join("\n").split("\n").slice(5)).toEqual([
      "  shop/api@7 at T+4h (2026-03-02 14:00:00Z), made 2 h late; values are those of its time, probes and commands those of now",
      "  fail: p95-latency: 512ms, must be below 500ms",
      "  unknown: cache: no-data",
      "  pass: ready: http://api/health/ready: HTTP 200 in 1 ms",
      "  A checkpoint rolls nothing back. Next: look at what failed or is unknown, and decide whether the release stays.",
    ]);
    await showInLog({ data, id: "9", ...json }, io());
    expect(JSON.parse(out[1] ?? "")).toMatchObject({ seq: 9, type: "checkpoint.failed" });
  });

  test("a decision that the log does not know is not fine", async () => {
    expect(await showInLog({ data, id: "d-9", ...text }, io())).toBe(1);
    expect(err.join()).toMatch(/knows no decision d-9.*log list/);
  });
});

test("log follow shows the last records, then new ones, until it is ended", async () => {
  const stop = new AbortController();
  const following = followLog({ data, signal: stop.signal, ...text }, io());
  const log = await openLog(join(data, "decisions"));
  await log.append({ type: "daemon.stopped", cause: "SIGTERM" });
  await log.close();
  await eventually("the new record is shown", () =>
    expect(out.at(-1)).toMatch(/ 9 .*daemon\.stopped.*SIGTERM/),
  );
  expect(out).toHaveLength(9);
  stop.abort();
  expect(await following).toBe(0);
});

describe("log report", () => {
  test("prints one document about a decision", async () => {
    expect(await reportDecision({ data, id: "d-1" }, io())).toBe(0);
    expect(out.join("\n")).toMatch(
      /^# shop\/api was rolled back from revision 7 to revision 6, and it helped\n/u,
    );
    expect(out.join("\n")).toContain("| slack | trigger | 2026-03-02 10:06:50.000Z | delivered");
  });

  test("a decision that the log does not know ends with 1 and the next step", async () => {
    expect(await reportDecision({ data, id: "d-9" }, io())).toBe(1);
    expect(err.join("")).toMatch(/knows no decision d-9\. Next: /u);
  });

  test("trap 34: what looks like a secret does not show", async () => {
    const log = await openLog(join(data, "decisions"));
    const reason = "https://hooks.slack.com/services/T0123/B0123/SECRETPART refused; user:hunter2222@";
    await log.append({ ...decision("d-3"), summary: reason }, START + 900_000);
    await log.close();
    await reportDecision({ data, id: "d-3" }, io());
    expect(out.join("\n")).toContain("/services/[secret]` refused");
    expect(out.join("\n")).not.toContain("SECRETPART");
  });
});

describe("log verify", () => {
  test("a whole log is fine, and gives its head", async () => {
    expect(await verifyLogFolder({ data, ...text }, io())).toBe(0);
    const [, head] = /head ([0-9a-f]{64}@8)/.exec(out.join()) ?? [];
    expect(await verifyLogFolder({ data, head, ...text }, io())).toBe(0);
    expect(out[1]).toContain("The head that you gave is part of it.");
  });

  test("trap 35: what was tampered with is named, and is not fine", async () => {
    const [file = ""] = await logFiles(join(data, "decisions"));
    writeFileSync(file, readFileSync(file, "utf8").replace('"decision":"rollback"', '"decision":"escalate"'));
    expect(await verifyLogFolder({ data, ...text }, io())).toBe(1);
    expect(out.join()).toMatch(
      /^Not whole\. .*\.jsonl:3 \(record 3\): altered: .*\nRecords up to 2 .*\nNext: /,
    );
    expect(await verifyLogFolder({ data, ...json }, io())).toBe(1);
    expect(JSON.parse(out[1] ?? "")).toMatchObject({ defect: { file, line: 3, seq: 3, flaw: "altered" } });
  });

  test("trap 35: a cut-off end shows against a head", async () => {
    const [file = ""] = await logFiles(join(data, "decisions"));
    const lines = readFileSync(file, "utf8").split("\n");
    const head = `${/"hash":"(\w+)"/.exec(lines[7] ?? "")?.[1]}@8`;
    writeFileSync(file, `${lines.slice(0, 5).join("\n")}\n`);
    expect(await verifyLogFolder({ data, ...text }, io())).toBe(0);
    expect(await verifyLogFolder({ data, head, ...text }, io())).toBe(1);
    expect(out[1]).toMatch(/truncated: the log ends with record 5/);
  });

  test("a head that is none is a wrong call", async () => {
    expect(await verifyLogFolder({ data, head: "abc", ...text }, io())).toBe(2);
    expect(err.join()).toContain("HASH@SEQ");
  });
});
