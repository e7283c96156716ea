import { formatDuration, formatInstant } from "../text/format.ts";
import type { CheckpointRecord, CheckResult, LogRecord } from "../log/record.ts";
import { dedupKey, type Message, stamp } from "./message.ts";
import type { Of } from "./messages.ts";

type Report = CheckpointRecord & LogRecord;

/**
 * Reports for the team; they open no incident, because a trigger does that where something must be done. That a
 * release became good is told where its reports so far could not say so; where there are none, nobody waits for it.
 */
export function createCheckpointTeller(): (record: LogRecord) => readonly Message[] {
  const lastReports = new Map<string, Report>();
  return (record) => {
    switch (record.type) {
      case "checkpoint.passed":
      case "checkpoint.failed":
        lastReports.set(record.policy, record);
        return [reportOf(record)];
      case "release.promoted": {
        const last = lastReports.get(record.policy);
        return last?.release === record.release ? [ofPromotion(record, last)] : [];
      }
      default:
        return [];
    }
  };
}

function ofPromotion(record: Of<"release.promoted">, { target, checkpoint }: Report): Message {
  const { policy, release } = record;
  return {
    ...stamp(record),
    event: "info",
    dedupKey: dedupKey(["promoted", policy, release]),
    policy,
    target,
    release,
    severity: "info",
    title: `${release} is known to be good`,
    lines: [
      `Since its report at T+${checkpoint} it has been live and healthy for long enough (\`provenAfter\`): a later release can be rolled back to it.`,
      "Next: nothing to do.",
    ],
    evidence: [],
  };
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
    lines: [...checkpointLines(record), nextStep(record), `Report: rollbackd log show ${record.seq}`],
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

/** What to do about a report. */
export function nextStep({ type, last }: Report): string {
  if (type === "checkpoint.passed") {
    return last ? "This was the last checkpoint. Next: nothing to do." : "Next: nothing to do.";
  }
  return "A checkpoint rolls nothing back. Next: look at what failed or is unknown, and decide whether the release stays.";
}
