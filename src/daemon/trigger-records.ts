import type { TriggerState, TriggerStatus } from "../engine/trigger-status.ts";
import type { RecordBody } from "../log/record.ts";

const RECORD_OF = {
  inactive: "trigger.resolved",
  pending: "trigger.pending",
  firing: "trigger.firing",
  unknown: "trigger.unknown",
} as const;

/** The record of a trigger's change of state; undefined when it did not change. */
export function triggerRecord(
  policy: string,
  release: string | undefined,
  from: TriggerState,
  status: TriggerStatus,
): RecordBody | undefined {
  if (from === status.state) return undefined;
  return {
    type: RECORD_OF[status.state],
    policy,
    ...(release !== undefined && { release }),
    trigger: status.trigger,
    from,
    reason: status.reason,
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
