import type { TriggerState, TriggerStatus } from "../engine/trigger-status.ts";
import type { RecordBody } from "../log/record.ts";
import { type UnknownKind, unknownKind } from "../signals/sample.ts";

const RECORD_OF = {
  inactive: "trigger.resolved",
  pending: "trigger.pending",
  firing: "trigger.firing",
  unknown: "trigger.unknown",
} as const;

/** How the log has a trigger. */
export interface RecordedState {
  readonly state: TriggerState;
  /** Of an unknown one: the kind of the reason; undefined where it is not on record. */
  readonly kind: UnknownKind | undefined;
}

/** The record of a trigger's change of state, or of why it is unknown; undefined when neither changed. */
export function triggerRecord(
  policy: string,
  release: string | undefined,
  { state: from, kind }: RecordedState,
  status: TriggerStatus,
): RecordBody | undefined {
  const { unknown } = status;
  const isOther = unknown !== undefined && unknownKind(unknown) !== kind;
  if (from === status.state && !isOther) return undefined;
  return {
    type: RECORD_OF[status.state],
    policy,
    ...(release !== undefined && { release }),
    trigger: status.trigger,
    from,
    reason: status.reason,
    ...(unknown !== undefined && { unknown }),
    ...(status.value !== undefined && { value: status.value }),
    slot: new Date(status.at).toISOString(),
  };
}

/** The record of a trigger that was not inactive when it was taken out of the rules: nothing of it goes on. */
export function goneTriggerRecord(
  policy: string,
  trigger: string,
  from: TriggerState,
  at: number,
): RecordBody {
  const slot = new Date(at).toISOString();
  return {
    type: "trigger.resolved",
    policy,
    trigger,
    from,
    reason: `${trigger} is no longer in the rules`,
    slot,
  };
}
