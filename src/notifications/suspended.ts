import type { LogRecord } from "../log/record.ts";
import { type Message, stamp } from "./message.ts";
import { type Of, subject } from "./messages.ts";

type Suspended = Of<"gitops.suspended">;

/** What is still suspended for a rollback, by its decision; told with the end of the rollback as well. */
export interface SuspendedTeller {
  readonly tell: (record: LogRecord) => readonly Message[];
  /** How each is resumed. Asked once, when the rollback has ended. */
  readonly take: (decisionId: string) => readonly string[];
}

export function createSuspendedTeller(): SuspendedTeller {
  const known = new Map<string, readonly Suspended[]>();
  return {
    tell: (record) => {
      if (record.type !== "gitops.suspended") return [];
      known.set(record.decisionId, [...(known.get(record.decisionId) ?? []), record]);
      return [ofSuspended(record)];
    },
    take: (decisionId) => {
      const suspended = known.get(decisionId) ?? [];
      known.delete(decisionId);
      return suspended.map(({ owner, resume }) => `${owner} is suspended. ${howToResume(resume)}`);
    },
  };
}

function ofSuspended(record: Suspended): Message {
  return {
    ...stamp(record),
    ...subject(record),
    event: "info",
    severity: "warning",
    title: `${record.owner} is suspended for the rollback of ${record.target}`,
    lines: [record.detail, howToResume(record.resume)],
    evidence: [],
  };
}

function howToResume(command: string): string {
  return `It stays so until a person resumes it. Revert the release in Git, then resume it: ${command}`;
}
