import type { DecisionRecord, LogRecord } from "../log/record.ts";

/** Records of one type (or several), with their place in the log. */
export type Of<Type extends LogRecord["type"]> = LogRecord & { readonly type: Type };

/** One decision, and what the log knows around it. */
export interface Incident {
  readonly decision: DecisionRecord & LogRecord;
  /** All that carry its id, and what a person asked for first; oldest first. */
  readonly own: readonly LogRecord[];
  /** What happened to its policy, and to rollbackd itself, from the release on until all was quiet; oldest first, `own` included. */
  readonly around: readonly LogRecord[];
}

type Outcome =
  | Of<"rollback.verified">
  | Of<"rollback.failed">
  /** Decided, and not at its end as far as the log goes. */
  | "under-way"
  /** It was decided not to. */
  | "none";

export function outcomeOf({ decision, own }: Incident): Outcome {
  if (decision.decision !== "rollback") return "none";
  const end = own.find((record) => record.type === "rollback.verified" || record.type === "rollback.failed");
  return end ?? "under-way";
}

export function isOf<Type extends LogRecord["type"]>(
  record: LogRecord,
  ...types: readonly Type[]
): record is Of<Type> {
  return (types as readonly string[]).includes(record.type);
}

/** Those of `records` that are of the types. */
export function ofTypes<Type extends LogRecord["type"]>(
  records: readonly LogRecord[],
  ...types: readonly Type[]
): readonly Of<Type>[] {
  return records.filter((record): record is Of<Type> => isOf(record, ...types));
}

/** `2026-03-02 10:06:00.123Z`: to the millisecond, for what follows what is what a timeline is about. */
export function instant(at: string): string {
  return at.replace("T", " ");
}
