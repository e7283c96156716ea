import { reasonLine } from "./reason-line.ts";
import type { HoldReason } from "../decisions/reason.ts";
import { undoCommand } from "../decisions/undo-command.ts";
import { formatInstant } from "../text/format.ts";
import type { DecisionRecord } from "../log/record.ts";
import { versionOf } from "../releases/version.ts";
import { AFTER_OVERTAKEN, failureText } from "./failure.ts";
import { incidentKey, type Message, ring, stamp } from "./message.ts";
import { type Of, present, runbook, subject, to } from "./messages.ts";

/** How a rollback ended. */
type Ended = Of<"rollback.verified"> | Of<"rollback.failed">;

/** `isQuiet`: no trigger of the policy fires any more. */
export function ofEnd(record: Ended, decision: DecisionRecord | undefined, isQuiet: boolean): Message {
  if (record.type === "rollback.verified") return ofVerified(record, decision);
  if (record.peer !== undefined) return ofPeer(record);
  if (record.reason === "superseded") return ofOvertaken(record, isQuiet);
  const isRecovered = record.reason === "not-confirmed" && record.gaveUp !== true;
  return isRecovered ? ofRecovered(record, isQuiet) : ofFailure(record, decision);
}

/** The other one tells how it ends, under the same key: here nobody is called, and nothing is resolved. */
function ofPeer(record: Of<"rollback.failed">): Message {
  return {
    ...stamp(record),
    ...subject(record),
    event: "info",
    severity: "info",
    title: `${record.target} is being rolled back by another rollbackd`,
    lines: [record.detail, "Next: nothing here; the other rollbackd says how it ends."],
    evidence: [],
  };
}

/** The breach was over before a try got through. */
function ofRecovered(record: Of<"rollback.failed">, isQuiet: boolean): Message {
  return {
    ...stamp(record),
    ...subject(record),
    event: isQuiet ? "resolve" : "trigger",
    severity: "warning",
    title: `${record.target} recovered before it was rolled back`,
    lines: [
      record.detail,
      isQuiet
        ? "Nothing was changed, and no trigger fires any more. Next: look at the release, which still runs."
        : "Nothing was changed, and another trigger fires. Next: nothing to do; it is decided about anew.",
    ],
    evidence: [],
  };
}

function ofVerified(record: Of<"rollback.verified">, decision: DecisionRecord | undefined): Message {
  return {
    ...stamp(record),
    ...subject(record),
    event: "resolve",
    severity: "info",
    title: `${record.target} has recovered${to(decision).replace(" to ", " on ")}`,
    lines: present(
      record.detail,
      ...record.steps,
      nextRollback(decision),
      howToUndo(decision),
      `Next: find out what is wrong with ${released(decision)}. rollbackd does not roll it out again.`,
    ),
    evidence: [],
  };
}

const RULES: Partial<Record<HoldReason, string>> = { cooldown: "cooldown", "budget-exhausted": "budget" };

function nextRollback(decision: DecisionRecord | undefined): string {
  if (decision?.nextRollback === undefined) return "";
  const { at, rule } = decision.nextRollback;
  return `The next automatic rollback of ${decision.target} is possible from ${formatInstant(Date.parse(at))} (${RULES[rule] ?? rule}).`;
}

/** Empty where the key and the revisions do not tell the command, as of a switch of colours. */
function howToUndo(decision: DecisionRecord | undefined): string {
  if (decision === undefined || decision.byHand !== undefined) return "";
  const { target, from, to: restored } = decision;
  const command = undoCommand(target, restored?.revision, from?.revision);
  return command === "" ? "" : `To undo the rollback: ${command}`;
}

function released({ from, to: back }: Pick<DecisionRecord, "from" | "to"> = {}): string {
  return from === undefined ? "the release" : versionOf(from, back);
}

function ofOvertaken(record: Of<"rollback.failed">, isQuiet: boolean): Message {
  return {
    ...stamp(record),
    ...subject(record),
    event: isQuiet ? "resolve" : "trigger",
    severity: "warning",
    title: `${record.target} was changed by another person or tool; its rollback is over`,
    lines: [
      record.detail,
      ...(record.steps ?? []),
      isQuiet
        ? "No trigger fires any more. Next: nothing; what runs now is watched from its own start."
        : `A trigger still fires. Next: ${AFTER_OVERTAKEN}`,
    ],
    evidence: [],
  };
}

function ofFailure(record: Of<"rollback.failed">, decision: DecisionRecord | undefined): Message {
  const known = failureText(record.reason, record.target, decision);
  const what = known === undefined ? "" : `: ${known.what}`;
  return {
    ...stamp(record),
    ...subject(record),
    ...ring(incidentKey(record.target, record.release), "failed", record.decisionId),
    event: "trigger",
    severity: "critical",
    title: `${record.target} needs you: the rollback${to(decision)} failed (${record.reason})${what}`,
    lines: present(
      record.detail,
      ...(record.steps ?? []),
      reasonLine(record.reason),
      known?.left ?? "",
      `${whatFollows(record)} Next: ${known?.next ?? "Look at the target and restore it by hand."}`,
      known?.command ?? "",
    ),
    ...runbook(decision),
    evidence: decision?.evidence ?? [],
  };
}

function whatFollows({ changed, gaveUp }: Of<"rollback.failed">): string {
  if (gaveUp === true) {
    return (
      "rollbackd does not try again for this release until its rights, the target or the rules change, or until you " +
      "say so."
    );
  }
  return changed === false ? "It is decided about anew once that is over." : "rollbackd does not try again.";
}
