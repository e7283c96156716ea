import type { LogRecord } from "../log/record.ts";

/** Whether anything still goes on at a policy, folded record by record. */
interface Quiet {
  readonly take: (record: LogRecord) => void;
  readonly isQuiet: () => boolean;
}

export function createQuiet(): Quiet {
  const firing = new Set<string>();
  const acting = new Set<string>();
  return {
    take: (record) => {
      switch (record.type) {
        case "trigger.firing":
          firing.add(record.trigger);
          return;
        case "trigger.resolved":
          firing.delete(record.trigger);
          return;
        case "rollback.started":
          acting.add(record.decisionId);
          return;
        case "rollback.verified":
        case "rollback.failed":
          acting.delete(record.decisionId);
          return;
        default:
      }
    },
    isQuiet: () => firing.size === 0 && acting.size === 0,
  };
}
