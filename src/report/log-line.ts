import type { LogRecord } from "../log/record.ts";
import { phrase } from "./sentence.ts";

type Level = "debug" | "info" | "warn" | "error";

/** A record as a line of the process's own log. */
export interface LogLine {
  readonly level: Level;
  /** Makes sense alone, for a reader who shows nothing but the messages. */
  readonly msg: string;
  /** What a search asks for: type and number of the record, and what the record is about. */
  readonly fields: Readonly<Record<string, string | number>>;
}

type Head = readonly [level: Level, title: string];

type Heads = {
  readonly [Type in LogRecord["type"]]: Head | ((record: LogRecord & { readonly type: Type }) => Head);
};

/**
 * How loud each record is, and the words before its sentence. Error: people must act. Warn: users may be affected, or
 * rollbackd changes something. Debug: what happens at every blip, and what only repeats another record.
 */
const HEADS: Heads = {
  "daemon.started": ["info", "rollbackd starts"],
  "daemon.stopped": ({ cause }) => [cause.startsWith("crash") ? "error" : "info", "rollbackd stops"],
  "rules.loaded": ["info", "rules loaded"],
  "rules.rejected": ["error", "rules rejected"],
  "rights.missing": ["error", "rights missing"],
  "rights.granted": ["info", "rights granted"],
  "release.observed": ({ quarantined }) => [quarantined ? "warn" : "info", "release observed"],
  "release.ready": ["info", "release ready"],
  "release.promoted": ["info", "release promoted"],
  "release.superseded": ["info", "release superseded"],
  "trigger.pending": ["debug", "trigger pending"],
  "trigger.firing": ["warn", "trigger firing"],
  "trigger.resolved": ["info", "trigger resolved"],
  "trigger.unknown": ({ unknown }) => [unknown === "query-rejected" ? "error" : "info", "trigger unknown"],
  "evaluation.blind": ["error", "blind"],
  "evaluation.sighted": ["info", "sighted"],
  "evaluation.no-data": ["warn", "no data"],
  "decision.made": decisionHead,
  "rollback.started": ["warn", "rollback started"],
  "gitops.suspended": ["warn", "GitOps owner suspended"],
  "rollback.waiting": ["warn", "rollback waits for its pods"],
  "rollback.retrying": ["error", "rollback retrying"],
  "rollback.applied": ["warn", "rollback applied"],
  "rollback.verified": ["info", "rollback verified"],
  "rollback.failed": ["error", "rollback failed"],
  "operator.rollback": ["warn", "rollback requested"],
  "operator.freeze": ["warn", "freeze"],
  "operator.resume": ["info", "resume"],
  "freeze.expired": ["info", "freeze expired"],
  "freeze.ending": ["warn", "freeze ends soon"],
  "hold.prolonged": ["error", "held for long"],
  "operator.approve": ["warn", "approved"],
  "operator.reject": ["warn", "rejected"],
  "approval.expired": ["error", "approval expired"],
  "approval.withdrawn": ["info", "approval withdrawn"],
  "checkpoint.passed": ["info", "checkpoint passed"],
  "checkpoint.failed": ["warn", "checkpoint failed"],
  "vulnerabilities.received": ["info", "vulnerability report received"],
  "notification.queued": ["debug", "notification queued"],
  "notification.delivered": ["info", "notification delivered"],
  "notification.failed": ["error", "notification failed"],
};

function decisionHead({ decision, reason }: Extract<LogRecord, { type: "decision.made" }>): Head {
  if (decision === "rollback") return ["warn", "decision"];
  if (decision === "escalate") return ["error", "decision"];
  // These hold although users may be affected: a person, a veto or the mode says so.
  return [HELD_BY_PEOPLE.has(reason) ? "warn" : "info", "decision"];
}

const HELD_BY_PEOPLE: ReadonlySet<string> = new Set([
  "frozen",
  "vetoed",
  "awaiting-approval",
  "observe-mode",
]);

/** Names of fields that are worth searching for; the decision log has the rest. */
const FIELDS = [
  "policy",
  "target",
  "release",
  "decisionId",
  "decision",
  "trigger",
  "reason",
  "by",
  "channel",
  "checkpoint",
] as const;

/** The line of a record; every type has one. */
export function logLine(record: LogRecord): LogLine {
  const [level, title] = headOf(record);
  const policy = "policy" in record && record.policy !== undefined ? `${record.policy}: ` : "";
  const about = record as Readonly<Record<string, unknown>>;
  const found = FIELDS.flatMap((name) => {
    // The reason of a trigger is the sentence itself.
    const value = name === "reason" && "slot" in about ? undefined : about[name];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  return {
    level,
    msg: `${policy}${title}: ${phrase(record)}`,
    fields: { record: record.type, seq: record.seq, ...Object.fromEntries(found) },
  };
}

function headOf(record: LogRecord): Head {
  const head = HEADS[record.type] as Head | ((record: LogRecord) => Head);
  return typeof head === "function" ? head(record) : head;
}
