import type { DecisionRecord, LogRecord } from "../log/record.ts";
import { failureText } from "./failure.ts";
import { incidentKey, type Message, ring, stamp } from "./message.ts";
import { type Of, present, runbook, subject } from "./messages.ts";

/** Pages once when a rollback does not get through, and resolves that when it did or when its end is told. */
export function createRetryingTeller(): (record: LogRecord) => readonly Message[] {
  const decisions = new Map<string, DecisionRecord>();
  const told = new Set<string>();
  return (record) => {
    switch (record.type) {
      case "decision.made":
        if (record.decision === "rollback") decisions.set(record.decisionId, record);
        return [];
      case "rollback.retrying":
        told.add(record.decisionId);
        return [ofRetrying(record, decisions.get(record.decisionId))];
      case "rollback.applied":
      case "rollback.failed": {
        decisions.delete(record.decisionId);
        return told.delete(record.decisionId) ? [ofOver(record)] : [];
      }
      default:
        return [];
    }
  };
}

/** Under the key of the decision, which may be acknowledged by now, it would wake no person. */
function keyOf({
  target,
  release,
  decisionId,
}: Of<"rollback.retrying" | "rollback.applied" | "rollback.failed">) {
  return ring(incidentKey(target, release), "retrying", decisionId);
}

function ofRetrying(record: Of<"rollback.retrying">, decision: DecisionRecord | undefined): Message {
  const known = failureText(record.reason, record.target, decision);
  const what = known === undefined ? "" : `: ${known.what}`;
  return {
    ...stamp(record),
    ...subject(record),
    ...keyOf(record),
    event: "trigger",
    severity: "critical",
    title: `${record.target} needs you: the rollback does not get through (${record.reason})${what}`,
    lines: present(
      record.detail,
      `rollbackd tries again until ${record.until}. Next: ${known?.next ?? "Look at the target."}`,
      known?.command ?? "",
    ),
    ...runbook(decision),
    evidence: [],
  };
}

function ofOver(record: Of<"rollback.applied"> | Of<"rollback.failed">): Message {
  const isThrough = record.type === "rollback.applied";
  return {
    ...stamp(record),
    ...subject(record),
    ...keyOf(record),
    event: "resolve",
    severity: "info",
    title: isThrough
      ? `${record.target}: the rollback got through`
      : `${record.target}: the rollback is no longer tried (${record.reason})`,
    lines: [
      isThrough
        ? "Next: nothing to do; it is verified now."
        : "Next: read the message that says how it ended.",
    ],
    evidence: [],
  };
}
