import type { DecisionRecord, LogRecord } from "../log/record.ts";
import { formatDuration, formatStamp } from "../text/format.ts";
import { incidentKey, type Message, ring, stamp } from "./message.ts";
import { type Of, present, runbook, subject } from "./messages.ts";
import { reasonLine } from "./reason-line.ts";

/** Tells, once an episode for each of the two, that a freeze or a veto holds what fires. */
export function createHoldTeller(): (record: LogRecord) => readonly Message[] {
  const firing = new Map<string, Set<string>>();
  const told = new Map<string, Set<string>>();
  return (record) => {
    switch (record.type) {
      case "trigger.firing":
        firing.set(record.policy, (firing.get(record.policy) ?? new Set()).add(record.trigger));
        return [];
      case "trigger.resolved": {
        const left = firing.get(record.policy);
        left?.delete(record.trigger);
        // The next breach is another episode. An unknown trigger has not resolved.
        if (left === undefined || left.size === 0) told.delete(record.policy);
        return [];
      }
      case "rules.loaded":
        forgetGone(record, firing, told);
        return [];
      case "decision.made":
        return isNew(record, told) ? [ofHold(record)] : [];
      case "hold.prolonged":
        return [ofProlonged(record)];
      default:
        return [];
    }
  };
}

function forgetGone({ policies }: Of<"rules.loaded">, ...known: readonly Map<string, unknown>[]): void {
  const inForce = new Set(policies.map(({ policy }) => policy));
  for (const byPolicy of known) {
    for (const gone of [...byPolicy.keys()].filter((policy) => !inForce.has(policy))) byPolicy.delete(gone);
  }
}

function isNew(record: DecisionRecord, told: Map<string, Set<string>>): boolean {
  const { policy, decision, reason, relapse } = record;
  if (decision !== "hold" || (reason !== "frozen" && reason !== "vetoed")) return false;
  const before = told.get(policy) ?? new Set();
  const isTold = before.has(reason);
  told.set(policy, before.add(reason));
  // A freeze that holds a relapse has a page of its own.
  return !isTold && !(relapse !== undefined && reason === "frozen");
}

function ofHold(record: Of<"decision.made">): Message {
  const { policy, target, trigger, headline, otherReasons, reason } = record;
  return {
    ...stamp(record),
    ...subject(record),
    ...runbook(record),
    event: "info",
    severity: "warning",
    title: `${target}: ${headline ?? `${trigger} fires`}, held by ${heldBy(record)}`,
    lines: present(
      record.summary,
      reasonLine(reason),
      otherReasons.length === 0 ? "" : `Also in the way: ${otherReasons.join(", ")}.`,
      ...howToEnd(record),
      `To roll back by hand: rollbackd rollback ${policy} --reason other`,
    ),
    evidence: record.evidence,
  };
}

/** `a freeze of token:on-call until 14:00:00Z` */
function heldBy({ reason, freezes = [], at }: Of<"decision.made">): string {
  if (reason === "vetoed") return "a veto";
  const holders = freezes.map(
    ({ holder, until }) =>
      `${holder} ${until === undefined ? "without an end" : `until ${formatStamp(until, at)}`}`,
  );
  return holders.length === 0 ? "a freeze" : `a freeze of ${holders.join(" and of ")}`;
}

function howToEnd({ policy, freezes = [] }: DecisionRecord): readonly string[] {
  return freezes.map(({ holder }) => `To end the freeze: rollbackd resume ${policy} --holder ${holder}`);
}

/** The page of a hold that lasts. Its own key rings and ends with the episode, whatever else is open. */
function ofProlonged(record: Of<"hold.prolonged">): Message {
  const { policy, target, release, reason, triggers, since, limitMs, detail, decisionId } = record;
  const what = reason === "frozen" ? "a freeze" : "a veto";
  return {
    ...stamp(record),
    event: "trigger",
    ...ring(incidentKey(target, release), "held", decisionId),
    severity: "critical",
    policy,
    target,
    ...(release !== undefined && { release }),
    decisionId,
    title: `${target} needs you: ${triggers.join(", ")} fires, and ${what} has held it for ${formatDuration(limitMs)}`,
    lines: present(
      `${what === "a veto" ? "The veto" : "The freeze"} holds since ${formatStamp(since, record.at)}: ${detail}.`,
      reasonLine(reason),
      reason === "frozen"
        ? `Users may be affected. To end a freeze: rollbackd resume ${policy} --holder NAME; rollbackd status names the holders.`
        : "Users may be affected. Check whether the veto still tells the truth: run its query in Prometheus.",
      `To roll back by hand: rollbackd rollback ${policy} --reason other`,
    ),
    evidence: [],
  };
}
