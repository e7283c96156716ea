import { formatStamp } from "../text/format.ts";
import type { ApprovalRecord, DecisionRecord, LogRecord } from "../log/record.ts";
import { incidentKey, type Message, ring, stamp } from "./message.ts";
import { type Of, present } from "./messages.ts";

/** A decision that a person was asked about and that neither acted nor came to its end. */
interface Asked {
  readonly decision: DecisionRecord;
  /** Who approved it. */
  readonly by?: string;
  /** What was decided since, and stands in the way of an approval. */
  readonly blocked?: DecisionRecord["reason"];
}

type Approved = Asked & Required<Pick<Asked, "by">>;

function isApproved(asked: Asked): asked is Approved {
  return asked.by !== undefined;
}

/** What people asked for and answered, as it is told; decisions that were asked about are remembered. */
export function createPeopleTeller(): (record: LogRecord) => readonly Message[] {
  const asked = new Map<string, Asked>();
  const take = (decisionId: string): readonly Asked[] => {
    const found = asked.get(decisionId);
    asked.delete(decisionId);
    return found === undefined ? [] : [found];
  };
  return (record) => {
    switch (record.type) {
      case "decision.made":
        return decided(record, asked);
      case "operator.approve":
        return take(record.decisionId).flatMap((which) => {
          // It stays until it acts: whoever agreed to it expects that.
          asked.set(record.decisionId, { ...which, by: record.by });
          return which.by === undefined ? [ofAnswer(record, which)] : [];
        });
      case "operator.reject":
        return take(record.decisionId).map((which) => ofAnswer(record, which));
      case "approval.expired":
        return take(record.decisionId).map((which) => ofExpired(record, which));
      case "approval.withdrawn":
        // Without an approval nobody waits for it: a trigger that recovered ends the incident, and another release, or
        // other rules, lead to a decision of their own.
        return take(record.decisionId)
          .filter(isApproved)
          .map((which) => ofWithdrawn(record, which));
      default:
        return [];
    }
  };
}

/** What was asked about before has become an act, or another question, or something stands in its way. */
function decided(record: Of<"decision.made">, asked: Map<string, Asked>): readonly Message[] {
  const before = [...asked.values()].filter(({ decision }) => decision.policy === record.policy);
  if (record.decision === "rollback" || record.approveUntil !== undefined) {
    before.forEach(({ decision }) => asked.delete(decision.decisionId));
  }
  if (record.approveUntil !== undefined) asked.set(record.decisionId, { decision: record });
  else if (record.decision !== "rollback") {
    for (const which of before) asked.set(which.decision.decisionId, { ...which, blocked: record.reason });
  }
  // What escalates pages by itself.
  if (record.decision !== "hold") return [];
  return before.filter(isApproved).map((which) => ofDelay(record, which));
}

/** What a person said to a decision that waited. It belongs to the incident, and pages nobody again. */
function ofAnswer(
  record: Of<"operator.approve"> | Of<"operator.reject">,
  { decision, blocked }: Asked,
): Message {
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
        ? afterApproval(decision, blocked)
        : `Nothing is rolled back for this release while ${decision.trigger} goes on firing. If users are affected: rollbackd rollback ${record.policy} --reason other`,
    ),
  };
}

function afterApproval({ approveUntil }: DecisionRecord, blocked: Asked["blocked"]): string {
  return blocked === undefined
    ? "Next: everything is checked once more, then it is rolled back."
    : `Something stands in the way (${blocked}): it is rolled back once that is gone, if it still fires, until ${formatStamp(approveUntil ?? "")}.`;
}

/** Somebody agreed, and yet it is not done: they, and those who read that it would be, are told why. */
function ofDelay(record: Of<"decision.made">, { decision, by }: Approved): Message {
  return {
    ...ofIncident(record, decision),
    event: "info",
    severity: "warning",
    title: `${record.target} is approved by ${by} and not rolled back yet (${record.reason})`,
    lines: [
      record.summary,
      `The approval of ${decision.decisionId} stands until ${formatStamp(decision.approveUntil ?? "")}: it is rolled back once nothing stands in the way. To do it at once, by hand: rollbackd rollback ${record.policy} --reason other`,
    ],
  };
}

function ofWithdrawn(record: LogRecord & ApprovalRecord, { decision, by }: Approved): Message {
  return {
    ...ofIncident(record, decision),
    event: "info",
    severity: "info",
    title: `The rollback of ${record.target} that ${by} approved does not take place`,
    lines: [
      `Decision ${record.decisionId} is withdrawn: ${record.detail}`,
      "Next: nothing to do; if a trigger goes on firing, it is decided about anew.",
    ],
  };
}

/** Nobody answered, or nothing came of the answer: nobody is at it, although the incident is open. */
function ofExpired(record: LogRecord & ApprovalRecord, { decision, by }: Asked): Message {
  return {
    ...ofIncident(record, decision),
    ...ring(incidentKey(decision.target, decision.release), "approval", record.decisionId),
    event: "trigger",
    severity: "critical",
    title:
      by === undefined
        ? `No answer came: ${record.target} is not rolled back`
        : `${record.target} is not rolled back, though ${by} approved it`,
    lines: present(
      `${decision.trigger} fires, and the decision ${record.decisionId} waits no longer: ${record.detail}`,
      `Users may be affected. Next: look, and if you agree: rollbackd rollback ${record.policy} --reason other`,
    ),
  };
}

function ofIncident(
  record: Of<"operator.approve"> | Of<"operator.reject"> | Of<"decision.made"> | (LogRecord & ApprovalRecord),
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
