import type { DecisionRecord } from "../log/record.ts";
import { type Message, ring, stamp } from "./message.ts";
import { type Of, subject } from "./messages.ts";

/** What passes by itself often enough that nobody is woken for it: room on nodes, a first try to pull. */
const PASSING = /(^|: )(Unschedulable|ErrImagePull)\b/u;

/** The cluster says why what was put back does not get ready. */
export function ofWaiting(record: Of<"rollback.waiting">, decision: DecisionRecord | undefined): Message {
  const about = { ...stamp(record), ...subject(record) };
  const isPassing = record.reasons.every((reason) => PASSING.test(reason));
  const to = decision?.to?.revision ?? "the earlier revision";
  return {
    ...about,
    ...(isPassing
      ? { event: "info", severity: "warning" }
      : { ...ring(about.dedupKey, "blocked", record.decisionId), event: "trigger", severity: "critical" }),
    title: `Pods of ${to} do not get ready on ${record.target}: ${record.reasons.at(0) ?? ""}`,
    lines: [
      record.detail,
      `The template of ${to} is in force, but not all of its pods run. rollbackd goes on watching until rollback.timeout.`,
      `Next: remove that cause. The pods: kubectl -n ${record.target.split("/").at(0)} get pods`,
    ],
    evidence: [],
  };
}
