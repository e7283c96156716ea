import { ownerText, toolOf, writerText } from "../releases/gitops-owner.ts";
import type { LogRecord } from "../log/record.ts";
import { incidentKey, type Message, stamp } from "./message.ts";
import type { Of } from "./messages.ts";

/**
 * Pages when a GitOps tool brings back what was rolled back, and again when something else runs. A person who deploys
 * it again may know why: that is told, and pages nobody.
 */
export function createReappliedTeller(): (record: LogRecord) => readonly Message[] {
  /** By target. */
  const told = new Map<string, Of<"release.observed">>();
  return (record) => {
    if (record.type !== "release.observed") return [];
    const before = told.get(record.target);
    told.delete(record.target);
    const over =
      before === undefined || before.release === record.release ? [] : [ofGoneAgain(record, before)];
    if (!record.quarantined || record.cause !== "deploy") return over;
    if (!isReapplied(record)) return [...over, ofDeployedAgain(record)];
    told.set(record.target, record);
    return [...over, ofReapplied(record)];
  };
}

function isReapplied({ writtenBy }: Of<"release.observed">): boolean {
  return writtenBy !== undefined && toolOf(writtenBy) !== undefined;
}

function ofReapplied(record: Of<"release.observed">): Message {
  const { target, revision, writtenBy = "", owners = [] } = record;
  const who = writerText(writtenBy);
  const whose = owners.map((owner) => `${ownerText(owner)} (${owner.seenIn})`).join(", ");
  return {
    ...about(record),
    event: "trigger",
    severity: "error",
    title: `${who} brought back what was rolled back: ${target} runs it again, as ${revision}`,
    lines: [
      `The template was written by ${writtenBy} at ${record.startedAt}${whose === "" ? "" : `; the target belongs to ${whose}`}. ` +
        "This version was rolled back before.",
      "rollbackd does not fight over it: it is watched as a new release, and what fires is told. Next: revert the " +
        "commit in Git, or suspend the sync and roll back again.",
    ],
  };
}

function ofDeployedAgain(record: Of<"release.observed">): Message {
  const { target, revision, policy, writtenBy } = record;
  const how = writtenBy === undefined ? "" : ` by ${writtenBy}`;
  return {
    ...about(record),
    event: "info",
    severity: "warning",
    title: `${target} runs again what was rolled back before, as ${revision}`,
    lines: [
      `It was deployed${how} at ${record.startedAt}. rollbackd leaves it there and watches it as a new release.`,
      "Next: nothing to do if that is what you want; else deploy another version, or go back with " +
        `rollbackd rollback ${policy} --reason REASON.`,
    ],
  };
}

function about(record: Of<"release.observed">) {
  const { target, release, policy } = record;
  return { ...stamp(record), dedupKey: incidentKey(target, release), policy, target, release, evidence: [] };
}

function ofGoneAgain(record: Of<"release.observed">, before: Of<"release.observed">): Message {
  return {
    ...stamp(record),
    event: "resolve",
    severity: "info",
    dedupKey: incidentKey(before.target, before.release),
    policy: record.policy,
    target: record.target,
    title: `${record.target} runs ${record.revision} now, not ${before.revision}`,
    lines: ["What was brought back after its rollback is gone. Next: nothing to do."],
    evidence: [],
  };
}
