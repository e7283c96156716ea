import type { LogRecord } from "../log/record.ts";
import type { StatusStage } from "../rules/status-page.ts";
import { versionOf } from "../releases/version.ts";
import { dedupKey, type Message, type News, stamp } from "./message.ts";
import type { Of } from "./messages.ts";

/** The record's meaning in a maintenance and in an incident; undefined: none for users. */
const STAGES = {
  "decision.made": { maintenance: "begun", incident: "created" },
  "rollback.applied": { maintenance: "verifying", incident: "updated" },
  "rollback.verified": { maintenance: "completed", incident: "resolved" },
  "rollback.failed": { maintenance: "prolonged", incident: "failed" },
} as const satisfies Partial<Record<LogRecord["type"], Record<"maintenance" | "incident", StatusStage>>>;

/** Adds to the message of a rollback what users are told by it. `decision` is the one that the record belongs to. */
export function withNews(
  message: Message,
  type: keyof typeof STAGES,
  {
    decision,
    maintenance,
  }: {
    readonly decision: Of<"decision.made"> | undefined;
    readonly maintenance: Of<"operator.rollback"> | undefined;
  },
): Message {
  const { from, to } = decision ?? {};
  const isOver = type === "rollback.failed" && message.event === "resolve";
  const stages = STAGES[isOver ? "rollback.verified" : type];
  return {
    ...message,
    news: {
      stage: maintenance === undefined ? stages.incident : stages.maintenance,
      key: maintenance === undefined ? (message.incident ?? message.dedupKey) : maintenanceKey(maintenance),
      startedAt: (maintenance ?? decision)?.at ?? message.at,
      ...(from === undefined ? {} : { from: versionOf(from, to) }),
      ...(to === undefined ? {} : { to: versionOf(to, from) }),
    },
  };
}

/** Nothing fires any more in an incident that nobody could end by a rollback. */
export function withEnd(message: Message, startedAt: string): Message {
  return { ...message, news: { stage: "resolved", key: message.dedupKey, startedAt } };
}

/** A person asks for a rollback around which users are to be told of maintenance. */
export function ofAnnounced(record: Of<"operator.rollback">): Message {
  return {
    ...aboutMaintenance(record, record),
    title: `Maintenance is announced for ${record.target}`,
    lines: [
      `${record.by} asks for a rollback (${record.reason}), and wants users to know.`,
      "Next: the rollback; you will be told how it ends.",
    ],
    news: newsOf(record, "announced"),
  };
}

/** The rollback that maintenance was announced for was not decided on. */
export function ofCancelled(record: Of<"decision.made">, asked: Of<"operator.rollback">): Message {
  return {
    ...aboutMaintenance(record, asked),
    title: `The maintenance of ${asked.target} does not take place (${record.reason})`,
    lines: [record.summary],
    news: newsOf(asked, "cancelled"),
  };
}

function newsOf(asked: Of<"operator.rollback">, stage: StatusStage): News {
  return { stage, key: maintenanceKey(asked), startedAt: asked.at };
}

function aboutMaintenance(record: LogRecord, asked: Of<"operator.rollback">) {
  const { policy, target, decisionId } = asked;
  return {
    ...stamp(record),
    event: "info" as const,
    severity: "info" as const,
    dedupKey: maintenanceKey(asked),
    policy,
    target,
    decisionId,
    evidence: [],
  };
}

function maintenanceKey({ decisionId }: Of<"operator.rollback">): string {
  return dedupKey(["maintenance", decisionId]);
}
