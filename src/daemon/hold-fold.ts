import type { HoldRecord } from "../log/hold-record.ts";
import type { DecisionRecord, LogRecord } from "../log/record.ts";

/** How long a freeze or a veto has held what fires, in the present episode of a policy. */
export interface Hold {
  /** Since when without another decision between, epoch ms; undefined where something else was decided last. */
  readonly since: number | undefined;
  /** People were paged in this episode because it lasts. */
  readonly isPaged: boolean;
}

/** The freeze or the veto that holds; undefined where something else was decided. */
export function holdReason({ decision, reason }: DecisionRecord): HoldRecord["reason"] | undefined {
  return decision === "hold" && (reason === "frozen" || reason === "vetoed") ? reason : undefined;
}

export function foldHold(before: Hold | undefined, record: LogRecord & (DecisionRecord | HoldRecord)): Hold {
  const { since, isPaged } = before ?? { since: undefined, isPaged: false };
  if (record.type === "hold.prolonged") return { since, isPaged: true };
  const isHeld = holdReason(record) !== undefined;
  return { since: isHeld ? (since ?? Date.parse(record.at)) : undefined, isPaged };
}
