import type { DecisionRecord } from "../log/record.ts";
import { versionOf } from "../releases/version.ts";
import { formatInstant } from "../text/format.ts";
import { byHandLine } from "./by-hand.ts";
import { changedLately } from "./changed-lately.ts";
import { dedupKey, stamp, type Message } from "./message.ts";
import { reasonLine } from "./reason-line.ts";
import { type Of, present, runbook, subject, to } from "./messages.ts";

/** Many targets at once are one incident, whatever their releases. */
export const MASS_KEY = dedupKey(["mass-breach"]);

/** The decision to roll back, to call for help, or (in observe mode) what would have been decided; undefined: nobody is told. */
export function ofDecision(record: Of<"decision.made">): Message | undefined {
  const message = ofFirst(record);
  return record.relapse === undefined ? message : withRelapse(record, message);
}

/** Reasons to hold that leave users with a failure that a rollback did not end. */
const EXPOSED = new Set<DecisionRecord["reason"]>(["observe-mode", "frozen"]);

/** The trigger only observes, whatever else stands in the way. */
function observes({ reason, otherReasons }: DecisionRecord): boolean {
  return reason === "observe-mode" || otherReasons.includes("observe-mode");
}

/** A rollback that was verified and did not last is as loud as one that failed, unless the trigger only observes. */
function withRelapse(record: Of<"decision.made">, message: Message | undefined): Message | undefined {
  if (record.decision === "rollback" || (record.decision === "hold" && !EXPOSED.has(record.reason))) {
    return message;
  }
  return {
    ...stamp(record),
    ...subject(record),
    evidence: record.evidence,
    ...runbook(record),
    lines: [record.summary],
    ...message,
    ...(observes(record)
      ? { event: "info", severity: "warning" }
      : { event: "trigger", severity: "critical" }),
    title: `${record.target}${observes(record) ? "" : " needs you"}: ${record.headline ?? `${record.trigger} fires`} again after a verified rollback (${record.reason})`,
  };
}

function ofFirst(record: Of<"decision.made">): Message | undefined {
  const about = { ...stamp(record), ...subject(record), evidence: record.evidence, ...runbook(record) };
  switch (record.decision) {
    case "rollback":
      return {
        ...about,
        event: "trigger",
        severity: record.severity ?? "error",
        title: rollbackTitle(record),
        lines: present(
          record.summary,
          changedLately(record),
          "Next: nothing to do yet; another message says how the rollback ends.",
        ),
      };
    case "escalate":
      // What only observes wakes nobody, whatever else stands in the way.
      return {
        ...about,
        ...(observes(record)
          ? { event: "info" as const, severity: "info" as const }
          : { event: "trigger" as const, severity: record.severity ?? "critical" }),
        title: helpTitle(record),
        lines: present(
          record.summary,
          reasonLine(record.reason),
          alsoHolding(record),
          changedLately(record),
          howToAnswer(record),
          byHandLine(record),
        ),
        ...(record.reason === "mass-breach" ? { dedupKey: MASS_KEY, once: true } : {}),
      };
    case "hold":
      return record.reason === "observe-mode"
        ? {
            ...about,
            event: "info",
            severity: "info",
            title: `${whatFired(record)}: would have rolled back ${record.target}${to(record)} (observe mode)`,
            lines: [record.summary],
          }
        : undefined;
  }
}

/** Value, release, what is done: whoever is paged decides by this line whether to get up. */
function rollbackTitle(record: DecisionRecord): string {
  const { manual, target } = record;
  return manual === undefined
    ? `${whatFired(record)}: rolling back ${target}${to(record)}`
    : `Rolling back ${target}${to(record)} by hand: ${manual.reason}, ${manual.by}`;
}

function helpTitle(record: DecisionRecord): string {
  const { target, reason, approveUntil } = record;
  return approveUntil === undefined
    ? `${target} needs you: ${whatFired(record)}, not rolled back (${reason})`
    : `${target} needs you: ${whatFired(record)}; rolling back${to(record)} waits for your approval`;
}

/** "20.8 % errors after 1.4.2" */
function whatFired({ headline, trigger, from, to: back }: DecisionRecord): string {
  const after = from === undefined ? "" : ` after ${versionOf(from, back)}`;
  return `${headline ?? `${trigger} fires`}${after}`;
}

/** The exact commands; where the server is, the link of the message says. */
function howToAnswer({ decisionId, approveUntil }: Of<"decision.made">): string {
  return approveUntil === undefined
    ? ""
    : `Until ${formatInstant(Date.parse(approveUntil))}: rollbackd approve ${decisionId} or rollbackd reject ${decisionId}`;
}

function alsoHolding({ otherReasons }: DecisionRecord): string {
  return otherReasons.length === 0 ? "" : `Also in the way: ${otherReasons.join(", ")}.`;
}
