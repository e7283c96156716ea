import type { LogRecord } from "../../src/log/record.ts";
import type { PagerDutyBody } from "./told.ts";
import { clock } from "./watching.ts";

export interface Check {
  readonly ok: boolean;
  readonly what: string;
}

export interface Outcome {
  /** Versions that answer users. */
  readonly serving: readonly string[];
  readonly records: readonly LogRecord[];
  /** What PagerDuty's stand-in accepted. */
  readonly events: readonly PagerDutyBody[];
  /** Exit code of `rollbackd log verify`. */
  readonly verified: number;
}

/** What must be true at the end; each says what was found. */
export function checkOutcome({ serving, records, events, verified }: Outcome): readonly Check[] {
  const acts = records.filter(({ type }) => type === "rollback.started").length;
  const actions = events.map(({ event_action: action }) => action).join(", ");
  const keys = new Set(events.map(({ dedup_key: key }) => key)).size;
  return [
    { ok: serving.join() === "v1", what: `users are served by ${serving.join(", ") || "nobody"}` },
    { ok: acts === 1, what: `times rolled back: ${acts}` },
    {
      ok: actions === "trigger, resolve" && keys === 1,
      what: `PagerDuty got: ${actions || "nothing"}; incidents: ${keys}`,
    },
    { ok: verified === 0, what: `the decision log is ${verified === 0 ? "whole" : "damaged"}` },
  ];
}

/** The release and what followed, with the time since. */
export function timeline(releasedAt: number, records: readonly LogRecord[]): readonly string[] {
  const decision = records.find((record) => record.type === "decision.made");
  const trigger = decision?.type === "decision.made" ? decision.trigger : "";
  const at = (type: LogRecord["type"]): number | undefined => {
    const record = records.find(
      (each) =>
        each.type === type &&
        Date.parse(each.at) >= releasedAt &&
        (!("trigger" in each) || each.trigger === trigger),
    );
    return record && Date.parse(record.at);
  };
  const steps = [
    ["v2 was released", releasedAt],
    [`${trigger} was beyond its threshold for the first time`, at("trigger.pending")],
    [`${trigger} had been beyond it for a whole window: fired`, at("trigger.firing")],
    ["the rollback began", at("rollback.started")],
    ["v1 was put back", at("rollback.applied")],
    ["it was verified that this helped", at("rollback.verified")],
  ] as const;
  return steps.map(
    ([what, when]) => `${when === undefined ? "not recorded" : since(releasedAt, when)}  ${what}`,
  );
}

function since(start: number, at: number): string {
  return `${clock(at)}  ${`+${((at - start) / 1000).toFixed(1)} s`.padStart(8)}`;
}
