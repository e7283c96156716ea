import { editCommand, ownerText, toolOf, writerText } from "../releases/gitops-owner.ts";
import { versionOf } from "../releases/version.ts";
import { formatInstant } from "../text/format.ts";
import type { LogRecord } from "../log/record.ts";
import { dedupKey, type Message, stamp } from "./message.ts";
import type { Of } from "./messages.ts";

type Observed = Of<"release.observed">;

/**
 * Pages when a person or a tool brings back what was rolled back: users are exposed again. The page has a key of its
 * own, so that it rings although the incident of the release is open, and ends when something else runs.
 */
export function createReappliedTeller(): (record: LogRecord) => readonly Message[] {
  /** By target. */
  const told = new Map<string, Observed>();
  const end = (record: LogRecord, before: Observed, title: string): Message => {
    told.delete(before.target);
    return ofGoneAgain(record, before, title);
  };
  return (record) => {
    if (record.type === "rules.loaded") {
      const inForce = new Set(record.policies.map(({ policy }) => policy));
      return [...told.values()]
        .filter(({ policy }) => !inForce.has(policy))
        .map((before) => end(record, before, `The policy ${before.policy} is gone from the rules`));
    }
    if (record.type !== "release.observed") return [];
    const before = told.get(record.target);
    const over =
      before === undefined || before.release === record.release
        ? []
        : [
            end(
              record,
              before,
              `${record.target} runs ${versionOf(record, before)} now, not ${versionOf(before, record)}`,
            ),
          ];
    if (!record.quarantined || record.cause !== "deploy") return over;
    told.set(record.target, record);
    return [...over, ofReapplied(record)];
  };
}

function ofReapplied(record: Observed): Message {
  const { target, writtenBy, owners = [] } = record;
  const revision = versionOf(record);
  const who = writtenBy === undefined ? undefined : writerText(writtenBy);
  const whose = owners.map((owner) => `${ownerText(owner)} (${owner.seenIn})`).join(", ");
  return {
    ...about(record),
    event: "trigger",
    severity: "critical",
    title:
      who === undefined
        ? `What was rolled back runs again: ${target} was changed back to it, as ${revision}`
        : `${who} brought back what was rolled back: ${target} runs it again, as ${revision}`,
    lines: [
      `The template was written by ${writtenBy ?? "an unknown writer"} at ${formatInstant(Date.parse(record.startedAt))}` +
        `${whose === "" ? "" : `; the target belongs to ${whose}`}. This version was rolled back before, so users may ` +
        "be exposed again.",
      "rollbackd leaves it there and watches it as a new release with a guard period of its own.",
      `Next: ${nextStep(record)}`,
    ],
  };
}

function nextStep({ writtenBy, owners = [], policy }: Observed): string {
  const [edit] = owners.flatMap((owner) => editCommand(owner) ?? []);
  if (edit !== undefined) return `change the release in the owner: ${edit}`;
  return writtenBy !== undefined && toolOf(writtenBy) !== undefined
    ? "revert the commit in Git, or suspend the sync and roll back again."
    : `ask who deployed it. Where it is not wanted, go back: rollbackd rollback ${policy} --reason REASON`;
}

function about(record: Observed) {
  const { target, release, policy } = record;
  return { ...stamp(record), dedupKey: keyOf(record), policy, target, release, evidence: [] };
}

function keyOf({ target, release }: Observed): string {
  return dedupKey([target, release, "brought-back"]);
}

function ofGoneAgain(record: LogRecord, before: Observed, title: string): Message {
  return {
    ...stamp(record),
    event: "resolve",
    severity: "info",
    dedupKey: keyOf(before),
    policy: before.policy,
    target: before.target,
    title,
    lines: ["What was brought back after its rollback is no longer watched. Next: nothing to do."],
    evidence: [],
  };
}
