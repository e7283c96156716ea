import { describe, expect, it } from "vitest";
import { logRecords } from "../../src/daemon/log-records.ts";
import type { LogRecord, RecordBody } from "../../src/log/record.ts";
import { logLine } from "../../src/report/log-line.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createScrub } from "../../src/telemetry/scrub.ts";
import { RECORDS } from "../messages/records.ts";
import { memoryLog, recordsOf } from "../notifications/memory-log.ts";

const ALL: readonly LogRecord[] = recordsOf(Object.values(RECORDS).flat());

function lineOf(type: RecordBody["type"]) {
  const record = ALL.find((each) => each.type === type);
  if (record === undefined) throw new Error(type);
  return logLine(record);
}

/** What standard output shows of records that are appended, by the level set. */
async function printed(bodies: readonly RecordBody[], secret?: string) {
  const lines: string[] = [];
  const scrub = createScrub([() => secret], Date.now);
  const logger = createLogger("info", scrub, { write: (line) => void lines.push(line) });
  const log = memoryLog();
  log.onAppended(logRecords(logger));
  for (const body of bodies) await log.append(body);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("the log line of a record", () => {
  it.each(ALL.map((record) => [record.type, record] as const))(
    "%s has the type, the number and a sentence that names its policy",
    (type, record) => {
      const { msg, fields } = logLine(record);
      expect(fields).toMatchObject({ record: type, seq: record.seq });
      expect(msg).toMatch(/: \S/u);
      expect(msg).not.toMatch(/undefined|\[object|^\[/u);
      const { policy, decisionId } = record as { policy?: string; decisionId?: string };
      expect(msg.startsWith(policy === undefined ? "" : `${policy}: `)).toBe(true);
      expect(fields["decisionId"]).toBe(decisionId);
    },
  );

  it("names the target and the reason of a decision", () => {
    const record = ALL.find((each) => each.type === "decision.made" && each.reason === "cooldown");
    expect(record && logLine(record)).toMatchObject({
      level: "error",
      msg: expect.stringMatching(/^vcci-api: decision: escalate, cooldown: /u),
      fields: { target: "vcci-production/vcci-api", reason: "cooldown", trigger: "error-rate" },
    });
  });

  it.each<[RecordBody["type"], string]>([
    ["rollback.failed", "error"],
    ["rules.rejected", "error"],
    ["evaluation.blind", "error"],
    ["approval.expired", "error"],
    ["notification.failed", "error"],
    ["rollback.started", "warn"],
    ["trigger.firing", "warn"],
    ["operator.freeze", "warn"],
    ["checkpoint.failed", "warn"],
    ["rollback.verified", "info"],
    ["evaluation.sighted", "info"],
    ["operator.resume", "info"],
    ["trigger.resolved", "info"],
    ["release.observed", "info"],
  ])("of %s is at level %s", (type, level) => {
    expect(lineOf(type).level).toBe(level);
  });

  it("is at error or warn for each escalation, and never at debug for a decision", () => {
    const levels = ALL.flatMap((record) =>
      record.type === "decision.made" ? [[record.decision, logLine(record).level] as const] : [],
    );
    expect(levels.filter(([decision]) => decision === "escalate").map(([, level]) => level)).not.toContain(
      "info",
    );
    expect(levels.map(([, level]) => level)).not.toContain("debug");
  });

  it("does not repeat the sentence of a trigger as a field", () => {
    expect(lineOf("trigger.firing").fields).not.toHaveProperty("reason");
  });

  it("of a daemon that crashed is at level error", () => {
    const [crashed] = recordsOf([{ type: "daemon.stopped", cause: "crash: TypeError" }]);
    expect(crashed && logLine(crashed).level).toBe("error");
  });
});

describe("standard output", () => {
  it("tells the story of a rollback in the order of the records, with one decision id", async () => {
    const story = ["trigger.firing", "decision.made", "rollback.started", "rollback.applied"] as const;
    const lines = await printed(story.flatMap((type): RecordBody[] => RECORDS[type].slice(0, 1)));
    expect(lines.map(({ record }) => record)).toEqual(story);
    expect(new Set(lines.slice(1).map(({ decisionId }) => decisionId)).size).toBe(1);
  });

  it("leaves out blips and queued notifications at level info", async () => {
    expect(await printed([...RECORDS["trigger.pending"], ...RECORDS["notification.queued"]])).toEqual([]);
  });

  it("shows no secret that a record quotes, and no line of its own for a line break in a text", async () => {
    const detail = 'sh: no\n{"level":"info"} sesame-open';
    const [line, ...others] = await printed(
      [{ ...(RECORDS["rollback.failed"][0] as RecordBody & { type: "rollback.failed" }), detail }],
      "sesame-open",
    );
    expect(others).toEqual([]);
    expect(line?.["level"]).toBe("error");
    expect(JSON.stringify(line)).not.toContain("sesame");
  });
});
