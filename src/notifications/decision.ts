import type { DecisionRecord } from "../log/record.ts";
import { byHandLine } from "./by-hand.ts";
import { changedLately } from "./changed-lately.ts";
import { dedupKey, stamp, type Message } from "./message.ts";
import { reasonLine } from "./reason-line.ts";
import { type Of, present, runbook, subject } from "./messages.ts";

/** Many targets at once are one incident, whatever their releases. */
export const MASS_KEY = dedupKey(["mass-breach"]);

/** The decision to roll back, to call for help, or (in observe mode) what would have been decided; undefined: nobody is told. */
export function ofDecision(record: Of<"decision.made">): Message | undefined {
  const message = ofFirst(record);
  return record.relapse === undefined ? message : withRelapse(record, message);
}

/** Reasons to hold that leave users with a failure that a rollback did not end. */
const EXPOSED = new Set<DecisionRecord["reason"]>(["observe-mode", "frozen"]);

/** A rollback that was verified and did not last is as loud as one that failed, whatever else is said. */
function withRelapse(record: Of<"decision.made">, message: Message | undefined): Message | undefined {
  if (record.decision === "rollback" || (record.decision === "hold" && !EXPOSED.has(record.reason))) {
    return message;
  }
  return {
    ...stamp(record),
    ...subject(record),
    evidence: record.evidence,
    lines: present(record.summary, runbook(record)),
    ...message,
    event: "trigger",
    severity: "critical",
    title: `${record.target} needs you: ${record.trigger} fires again after a verified rollback (${record.reason})`,
  };
}

function ofFirst(record: Of<"decision.made">): Message | undefined {
  const about = { ...stamp(record), ...subject(record), evidence: record.evidence };
  const { trigger, target } = record;
  switch (record.decision) {
    case "rollback":
      return {
        ...about,
        event: "trigger",
        severity: record.severity ?? "error",
        title:
          record.manual === undefined
            ? `Rolling back ${target}: ${trigger} fires`
            : `Rolling back ${target} by hand: ${record.manual.reason}, ${record.manual.by}`,
        lines: present(
          record.summary,
          fromTo(record),
          changedLately(record),
          "You will be told how it ends.",
          runbook(record),
        ),
      };
    case "escalate":
      // What only observes wakes nobody, whatever else stands in the way.
      return {
        ...about,
        ...(record.otherReasons.includes("observe-mode")
          ? { event: "info" as const, severity: "info" as const }
          : { event: "trigger" as const, severity: record.severity ?? "critical" }),
        title:
          record.approveUntil === undefined
            ? `${target} needs you: ${trigger} fires and rollbackd will not roll back (${record.reason})`
            : `${target} needs you: ${trigger} fires, and rolling back waits for your approval`,
        lines: present(
          record.summary,
          reasonLine(record.reason),
          alsoHolding(record),
          changedLately(record),
          howToAnswer(record),
          byHandLine(record),
          runbook(record),
        ),
        ...(record.reason === "mass-breach" ? { dedupKey: MASS_KEY, once: true } : {}),
      };
    case "hold":
      return record.reason === "observe-mode"
        ? {
            ...about,
            event: "info",
            severity: "info",
            title: `Would have rolled back ${target}: ${trigger} fires (observe mode)`,
            lines: [record.summary, fromTo(record)],
          }
        : undefined;
  }
}

function fromTo({ from, to }: DecisionRecord): string {
  return from === undefined || to === undefined ? "" : `From ${from.revision} to ${to.revision}.`;
}

/** The exact commands; where the server is, the link of the message says. */
function howToAnswer({ decisionId, approveUntil }: DecisionRecord): string {
  return approveUntil === undefined
    ? ""
    : `Until ${approveUntil}: rollbackd approve ${decisionId} or rollbackd reject ${decisionId}`;
}

function alsoHolding({ otherReasons }: DecisionRecord): string {
  return otherReasons.length === 0 ? "" : `Also in the way: ${otherReasons.join(", ")}.`;
}
