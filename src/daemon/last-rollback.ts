import type { LogRecord, RollbackRecord } from "../log/record.ts";

/** The newest rollback of a target that has ended. */
export interface LastRollback {
  readonly started: Extract<RollbackRecord, { type: "rollback.started" }>;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Why, with the numbers; undefined where the decision is not in the log. */
  readonly summary: string | undefined;
  /** The person who asked for it. */
  readonly by: string | undefined;
  /** The reason of a failure; undefined once it was verified. */
  readonly failure: string | undefined;
  /** The target took the change. */
  readonly applied: boolean;
}

/** The last rollbacks by target, folded from the log. */
export interface LastRollbacks {
  readonly apply: (record: LogRecord) => void;
  readonly of: (target: string) => LastRollback | undefined;
}

type Begun = Omit<LastRollback, "endedAt" | "failure">;

export function createLastRollbacks(): LastRollbacks {
  const decided = new Map<string, Extract<LogRecord, { type: "decision.made" }>>();
  const begun = new Map<string, Begun>();
  const ended = new Map<string, LastRollback>();
  return {
    of: (target) => ended.get(target),
    apply: (record) => {
      switch (record.type) {
        case "decision.made":
          if (record.decision === "rollback") decided.set(record.target, record);
          return;
        case "rollback.started": {
          const decision = decided.get(record.target);
          const isIts = decision?.decisionId === record.decisionId;
          decided.delete(record.target);
          begun.set(record.target, {
            started: record,
            startedAt: Date.parse(record.at),
            summary: isIts ? decision.summary : undefined,
            by: isIts ? decision.manual?.by : undefined,
            applied: false,
          });
          return;
        }
        case "rollback.applied":
        case "rollback.verified":
        case "rollback.failed":
          take(record, begun, ended);
          return;
        default:
      }
    },
  };
}

function take(
  record: LogRecord & RollbackRecord,
  begun: Map<string, Begun>,
  ended: Map<string, LastRollback>,
): void {
  const { target } = record;
  const its = begun.get(target);
  if (its?.started.decisionId !== record.decisionId) return;
  if (record.type === "rollback.applied") {
    begun.set(target, { ...its, applied: true });
    return;
  }
  begun.delete(target);
  const failure = record.type === "rollback.failed" ? record.reason : undefined;
  ended.set(target, { ...its, endedAt: Date.parse(record.at), failure });
}
