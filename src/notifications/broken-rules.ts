import type { LogRecord } from "../log/record.ts";
import type { Message } from "./message.ts";
import type { Of, TriggerChange } from "./messages.ts";
import { ofRejectedQuery } from "./unknown.ts";

/**
 * Tells, record by record, of queries that are rejected: once until the trigger is known again or means something
 * else, however often the server goes away in between.
 */
export function createBrokenRules(): (record: LogRecord) => readonly Message[] {
  const told = new Set<string>();
  let meanings: ReadonlyMap<string, string> = new Map();
  return (record) => {
    switch (record.type) {
      case "rules.loaded": {
        const before = meanings;
        meanings = meaningsOf(record);
        for (const key of told) if (meanings.get(key) !== before.get(key)) told.delete(key);
        return [];
      }
      case "trigger.unknown":
        return rejected(record, told);
      case "trigger.pending":
      case "trigger.firing":
      case "trigger.resolved":
        told.delete(triggerKey(record));
        return [];
      default:
        return [];
    }
  };
}

function rejected(record: TriggerChange, told: Set<string>): readonly Message[] {
  if (record.unknown !== "query-rejected" || told.has(triggerKey(record))) return [];
  told.add(triggerKey(record));
  return [ofRejectedQuery(record)];
}

export function triggerKey({ policy, trigger }: Pick<TriggerChange, "policy" | "trigger">): string {
  return JSON.stringify([policy, trigger]);
}

/** Hashes by trigger. */
export function meaningsOf({ policies }: Of<"rules.loaded">): ReadonlyMap<string, string> {
  return new Map(
    policies.flatMap(({ policy, triggers }) =>
      Object.entries(triggers).map(([trigger, hash]) => [triggerKey({ policy, trigger }), hash] as const),
    ),
  );
}
