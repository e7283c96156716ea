import { formatDuration, formatInstant } from "../engine/format.ts";
import type { CheckpointRecord, CheckResult, LogRecord } from "../log/record.ts";
import { dedupKey, type Message, stamp } from "./message.ts";

type Report = CheckpointRecord & LogRecord;

/** A report for the team; it opens no incident, because a trigger does that where something must be done. */
export function tellCheckpoint(record: LogRecord): readonly Message[] {
  return record.type === "checkpoint.passed" || record.type === "checkpoint.failed" ? [reportOf(record)] : [];
}

function reportOf(record: Report): Message {
  const { policy, target, release, checkpoint, type } = record;
  const passed = type === "checkpoint.passed";
  return {
    ...stamp(record),
    event: "info",
    dedupKey: dedupKey(["checkpoint", policy, release, checkpoint]),
    policy,
    target,
    release,
    severity: passed ? "info" : "warning",
    title: `${release}, ${checkpoint} after its launch: ${passed ? "every check passed" : counted(record.checks)}`,
    lines: [...checkpointLines(record), next(record)],
    evidence: [],
  };
}

/** The whole report, for people: what it is about, each check with its numbers, and the standing of the release. */
export function checkpointLines(record: Report): readonly string[] {
  return [
    `${record.release} at T+${record.checkpoint} (${formatInstant(Date.parse(record.dueAt))})${lateness(record)}`,
    ...record.checks.map(({ name, result, detail }) => `${result}: ${name}: ${detail}`),
    standing(record),
  ].filter((line) => line !== "");
}

function lateness({ lateMs }: Report): string {
  return lateMs === undefined
    ? ""
    : `, made ${formatDuration(lateMs)} late; values are those of its time, probes and commands those of now`;
}

function counted(checks: readonly CheckResult[]): string {
  const count = (result: CheckResult["result"]): number =>
    checks.filter((check) => check.result === result).length;
  return `${count("fail")} of ${checks.length} checks failed, ${count("unknown")} unknown`;
}

function standing({ goodSince, last }: Report): string {
  if (goodSince !== undefined) {
    return `known to be good since ${formatInstant(Date.parse(goodSince))}: it can be rolled back to`;
  }
  return last ? "not known to be good: it was never live and healthy for `provenAfter`" : "";
}

function next({ type, last }: Report): string {
  if (type === "checkpoint.passed") {
    return last ? "This was the last checkpoint. Next: nothing to do." : "Next: nothing to do.";
  }
  return "A checkpoint rolls nothing back. Next: look at what failed or is unknown, and decide whether the release stays.";
}
