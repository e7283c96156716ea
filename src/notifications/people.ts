import type { ApprovalRecord, DecisionRecord, LogRecord } from "../log/record.ts";
import { dedupKey, incidentKey, type Message, stamp } from "./message.ts";
import { type Of, present } from "./messages.ts";

/** What people asked for and answered, as it is told; decisions that wait for an answer are remembered. */
export function createPeopleTeller(): (record: LogRecord) => readonly Message[] {
  const waiting = new Map<string, DecisionRecord>();
  const take = (decisionId: string): readonly DecisionRecord[] => {
    const decision = waiting.get(decisionId);
    waiting.delete(decisionId);
    return decision === undefined ? [] : [decision];
  };
  return (record) => {
    switch (record.type) {
      case "decision.made":
        if (record.approveUntil !== undefined) waiting.set(record.decisionId, record);
        return [];
      case "operator.freeze":
      case "operator.resume":
      case "freeze.expired":
        return [ofFreeze(record)];
      case "operator.approve":
      case "operator.reject":
        return take(record.decisionId).map((decision) => ofAnswer(record, decision));
      case "approval.expired":
        return take(record.decisionId).map((decision) => ofExpired(record, decision));
      case "approval.withdrawn":
        // A trigger that recovered ends the incident; another release, or other rules, lead to a decision of their own.
        take(record.decisionId);
        return [];
      default:
        return [];
    }
  };
}

/** A freeze, its end by a person, and its end by itself: all that one policy's people should know of. */
function ofFreeze(record: Of<"operator.freeze"> | Of<"operator.resume"> | Of<"freeze.expired">): Message {
  return {
    ...stamp(record),
    event: "info",
    dedupKey: dedupKey(["freeze", record.policy]),
    policy: record.policy,
    severity: record.type === "operator.freeze" ? "warning" : "info",
    ...freezeText(record),
    evidence: [],
  };
}

function freezeText(record: Parameters<typeof ofFreeze>[0]): Pick<Message, "title" | "lines"> {
  const { policy } = record;
  switch (record.type) {
    case "operator.freeze": {
      const end = record.until === undefined ? "until somebody resumes it" : `until ${record.until}`;
      return {
        title: `${policy} is frozen ${end}`,
        lines: present(
          `${record.by} did it${record.note === undefined ? "." : `: ${record.note}`}`,
          `Nothing is rolled back automatically meanwhile; people can. To end it: rollbackd resume ${policy}`,
        ),
      };
    }
    case "operator.resume":
      return {
        title: `${policy} is resumed`,
        lines: [`${record.by} ended the freeze: automatic rollbacks are possible again.`],
      };
    case "freeze.expired":
      return {
        title: `The freeze of ${policy} is over`,
        lines: [`It ended by itself at ${record.until}: automatic rollbacks are possible again.`],
      };
  }
}

/** What a person said to a decision that waited. It belongs to the incident, and pages nobody again. */
function ofAnswer(record: Of<"operator.approve"> | Of<"operator.reject">, decision: DecisionRecord): Message {
  const isYes = record.type === "operator.approve";
  const { target } = decision;
  const note = record.note === undefined ? "" : `They say: ${record.note}`;
  return {
    ...ofIncident(record, decision),
    event: "info",
    severity: isYes ? "info" : "warning",
    title: `${record.by} ${isYes ? "approves rolling" : "rejects to roll"} ${target} back`,
    lines: present(
      note,
      isYes
        ? "Next: everything is checked once more, then it is rolled back."
        : `Nothing is rolled back for this release while ${decision.trigger} goes on firing. If users are affected: rollbackd rollback ${record.policy} --reason other`,
    ),
  };
}

/** Nobody answered: the incident is open still, and says so where it is open. */
function ofExpired(record: LogRecord & ApprovalRecord, decision: DecisionRecord): Message {
  return {
    ...ofIncident(record, decision),
    event: "trigger",
    severity: decision.severity ?? "critical",
    title: `Nobody answered: ${record.target} is not rolled back`,
    lines: present(
      `${decision.trigger} fires, and the decision ${record.decisionId} waits no longer: ${record.detail}`,
      `Users may be affected. Next: look, and if you agree: rollbackd rollback ${record.policy} --reason other`,
    ),
  };
}

function ofIncident(
  record: Of<"operator.approve"> | Of<"operator.reject"> | (LogRecord & ApprovalRecord),
  { target, release }: DecisionRecord,
) {
  return {
    ...stamp(record),
    dedupKey: incidentKey(target, release),
    policy: record.policy,
    target,
    ...(release === undefined ? {} : { release }),
    decisionId: record.decisionId,
    evidence: [],
  };
}
