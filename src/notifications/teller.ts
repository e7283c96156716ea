import type { LogRecord } from "../log/record.ts";
import { createBrokenRules } from "./broken-rules.ts";
import { createCheckpointTeller } from "./checkpoint.ts";
import { ofEnd } from "./end.ts";
import { incidentKey, type Message } from "./message.ts";
import {
  blindKey,
  MASS_KEY,
  ofApplied,
  ofBlind,
  ofChanged,
  ofDecision,
  ofGone,
  ofLoaded,
  ofQuiet,
  ofRejected,
  ofSighted,
  type Of,
  type TriggerChange,
} from "./messages.ts";
import { ofAnnounced, ofCancelled, withEnd, withNews } from "./news.ts";
import { createPeopleTeller } from "./people.ts";
import { ofNoData } from "./unknown.ts";
import { ofRights } from "./rights.ts";
import { createUnknownEnds } from "./unknown-ends.ts";
import { createReappliedTeller } from "./reapplied.ts";
import { createSuspendedTeller, type SuspendedTeller } from "./suspended.ts";

interface Incident {
  readonly dedupKey: string;
  readonly target: string;
  /** When it began. */
  readonly since: string;
  /** It is over when none of these has a trigger that fires or is not known to have stopped. */
  readonly policies: Set<string>;
}

interface Known {
  /** Decisions whose rollback has not ended; later records of it are told with their words. */
  readonly decisions: Map<string, Of<"decision.made">>;
  /** Rollbacks that people announced as maintenance and that have not ended, by their decision. */
  readonly maintenance: Map<string, Of<"operator.rollback">>;
  /** Incidents that end when their triggers do, by key. */
  readonly incidents: Map<string, Incident>;
  /** Triggers that fired and were not seen to resolve, by policy. An unknown trigger has not resolved. */
  readonly firing: Map<string, Set<string>>;
  /** Policies that were told of as blind and not as sighted. */
  readonly blind: Set<string>;
  readonly suspended: SuspendedTeller;
  rejected: boolean;
}

/**
 * Turns the log, record by record and from its start, into what people are told. The same records always give
 * the same messages, which is what makes a crash between a record and its message harmless.
 */
export function createTeller(): (record: LogRecord) => readonly Message[] {
  const known: Known = {
    decisions: new Map(),
    maintenance: new Map(),
    incidents: new Map(),
    firing: new Map(),
    blind: new Set(),
    suspended: createSuspendedTeller(),
    rejected: false,
  };
  const brokenRules = createBrokenRules();
  const unknownEnds = createUnknownEnds();
  const people = createPeopleTeller();
  const checkpoints = createCheckpointTeller();
  const reapplied = createReappliedTeller();
  return (record) => [
    ...tell(record, known),
    ...brokenRules(record),
    ...ofRights(record),
    ...people(record),
    ...checkpoints(record),
    ...unknownEnds(record),
    ...reapplied(record),
  ];
}

function tell(record: LogRecord, known: Known): readonly Message[] {
  switch (record.type) {
    case "decision.made":
      return decided(record, known);
    case "rollback.started":
      // From here on the end of the rollback is the end of the incident; one that never began ends with its triggers.
      known.incidents.delete(incidentKey(record.target, record.release));
      return [];
    case "gitops.suspended":
      return known.suspended.tell(record);
    case "rollback.applied":
      return [applied(record, known)];
    case "rollback.verified":
    case "rollback.failed":
      return ended(record, known);
    case "trigger.firing":
      setOf(known.firing, record.policy).add(record.trigger);
      return [];
    case "trigger.resolved":
      return resolved(record, known);
    case "operator.rollback":
      return asked(record, known);
    case "evaluation.blind":
      known.blind.add(record.policy);
      return [ofBlind(record)];
    case "evaluation.no-data":
      return [ofNoData(record)];
    case "evaluation.sighted":
      known.blind.delete(record.policy);
      return [ofSighted(record)];
    case "rules.rejected":
      known.rejected = true;
      return [ofRejected(record)];
    case "rules.loaded":
      return loaded(record, known);
    default:
      return [];
  }
}

function decided(record: Of<"decision.made">, known: Known): readonly Message[] {
  const message = ofDecision(record);
  const cancelled = record.decision === "rollback" ? [] : calledOff(record, known);
  if (message === undefined) {
    return cancelled;
  }
  if (record.decision === "rollback") {
    known.decisions.set(record.decisionId, record);
  }
  if (message.event === "trigger") {
    openIncident(known, message.dedupKey, record);
  }
  return record.decision === "rollback"
    ? [withNews(message, record.type, aboutDecision(known, record.decisionId))]
    : [message, ...cancelled];
}

/** Maintenance that was announced for a rollback that does not come. */
function calledOff(record: Of<"decision.made">, { maintenance }: Known): readonly Message[] {
  const announced = maintenance.get(record.decisionId);
  maintenance.delete(record.decisionId);
  return announced === undefined ? [] : [ofCancelled(record, announced)];
}

function asked(record: Of<"operator.rollback">, { maintenance }: Known): readonly Message[] {
  if (record.maintenance !== true) return [];
  maintenance.set(record.decisionId, record);
  return [ofAnnounced(record)];
}

function applied(record: Of<"rollback.applied">, known: Known): Message {
  const about = aboutDecision(known, record.decisionId);
  return withNews(ofApplied(record, about.decision), record.type, about);
}

function aboutDecision({ decisions, maintenance }: Known, decisionId: string) {
  return { decision: decisions.get(decisionId), maintenance: maintenance.get(decisionId) };
}

function ended(record: Of<"rollback.verified"> | Of<"rollback.failed">, known: Known): readonly Message[] {
  const about = aboutDecision(known, record.decisionId);
  const end = ofEnd(record, about.decision, isQuiet(known, record.policy));
  const message = { ...end, lines: [...end.lines, ...known.suspended.take(record.decisionId)] };
  known.decisions.delete(record.decisionId);
  known.maintenance.delete(record.decisionId);
  if (message.event === "trigger") {
    openIncident(known, incidentKey(record.target, record.release), {
      ...record,
      at: about.decision?.at ?? record.at,
    });
  }
  return [withNews(message, record.type, about)];
}

/** Policies that are gone say nothing more, so what they were told of ends here. */
function loaded(record: Of<"rules.loaded">, known: Known): readonly Message[] {
  const inForce = new Set(record.policies.map(({ policy }) => policy));
  const isGone = (policy: string): boolean => !inForce.has(policy);
  for (const policy of [...known.firing.keys()].filter(isGone)) known.firing.delete(policy);
  const over = closeQuiet(known, ({ policies }) => [...policies].some(isGone));
  const blind = [...known.blind].filter(isGone);
  for (const policy of blind) known.blind.delete(policy);
  const news = known.rejected ? ofLoaded(record) : ofChanged(record);
  known.rejected = false;
  return [
    ...(news === undefined ? [] : [news]),
    ...over.map((incident) => ofGone(record, incident)),
    ...blind.map((policy) => ofGone(record, { dedupKey: blindKey(policy), target: policy })),
  ];
}

function resolved(record: TriggerChange, known: Known): readonly Message[] {
  setOf(known.firing, record.policy).delete(record.trigger);
  return closeQuiet(known, ({ policies }) => policies.has(record.policy)).map((incident) =>
    withEnd(ofQuiet(record, incident), incident.since),
  );
}

/** Forgets those of the incidents in which nothing fires any more, and gives them back. */
function closeQuiet(known: Known, of: (incident: Incident) => boolean): readonly Incident[] {
  const over = [...known.incidents.values()].filter(
    (incident) => of(incident) && [...incident.policies].every((policy) => isQuiet(known, policy)),
  );
  over.forEach(({ dedupKey }) => known.incidents.delete(dedupKey));
  return over;
}

function openIncident(
  known: Known,
  dedupKey: string,
  about: { readonly policy: string; readonly target: string; readonly at: string },
): void {
  const open = known.incidents.get(dedupKey);
  if (open === undefined) {
    known.incidents.set(dedupKey, {
      dedupKey,
      target: dedupKey === MASS_KEY ? "Many targets" : about.target,
      since: about.at,
      policies: new Set([about.policy]),
    });
  } else {
    open.policies.add(about.policy);
  }
}

function isQuiet(known: Known, policy: string): boolean {
  return (known.firing.get(policy)?.size ?? 0) === 0;
}

function setOf(sets: Map<string, Set<string>>, key: string): Set<string> {
  const found = sets.get(key) ?? new Set<string>();
  sets.set(key, found);
  return found;
}
