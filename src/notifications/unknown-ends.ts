import type { LogRecord } from "../log/record.ts";
import { meaningsOf, triggerKey } from "./broken-rules.ts";
import { type Message, stamp } from "./message.ts";
import type { Of, TriggerChange } from "./messages.ts";
import { noDataKey, rejectedKey } from "./unknown.ts";

/** A trigger of which was told that it says nothing, and under which keys. */
interface Told {
  readonly policy: string;
  readonly trigger: string;
  readonly keys: Set<string>;
}

/**
 * Ends, record by record, what was told of triggers that say nothing: when they are known again, mean something else
 * or are gone. It is for those who were told by an incident, which would stay open; nobody else hears of it.
 */
export function createUnknownEnds(): (record: LogRecord) => readonly Message[] {
  const told = new Map<string, Told>();
  let meanings: ReadonlyMap<string, string> = new Map();
  const end = (record: LogRecord, key: string, why: string): readonly Message[] => {
    const known = told.get(key);
    told.delete(key);
    return known === undefined
      ? []
      : [...known.keys].map((dedupKey) => ofEnd(record, known, { dedupKey, why }));
  };
  return (record) => {
    switch (record.type) {
      case "evaluation.no-data":
        tell(told, record, noDataKey(record));
        return [];
      case "trigger.unknown":
        if (record.unknown === "query-rejected") tell(told, record, rejectedKey(record));
        return [];
      case "trigger.pending":
      case "trigger.firing":
      case "trigger.resolved":
        return end(record, triggerKey(record), record.reason);
      case "rules.loaded": {
        const before = meanings;
        meanings = meaningsOf(record);
        const other = [...told.keys()].filter((key) => meanings.get(key) !== before.get(key));
        return other.flatMap((key) => end(record, key, "its rule was changed or taken out"));
      }
      default:
        return [];
    }
  };
}

function tell(
  told: Map<string, Told>,
  record: Of<"evaluation.no-data"> | TriggerChange,
  dedupKey: string,
): void {
  const { policy, trigger } = record;
  const known = told.get(triggerKey(record)) ?? { policy, trigger, keys: new Set() };
  told.set(triggerKey(record), known);
  known.keys.add(dedupKey);
}

function ofEnd(
  record: LogRecord,
  { policy, trigger }: Told,
  { dedupKey, why }: { readonly dedupKey: string; readonly why: string },
): Message {
  return {
    ...stamp(record),
    event: "resolve",
    spell: "ends",
    dedupKey,
    policy,
    severity: "info",
    title: `${trigger} of ${policy}: that it says nothing is over`,
    lines: [`${trigger}: ${why}`, "Next: nothing to do."],
    evidence: [],
  };
}
