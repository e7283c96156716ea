import type { LogRecord } from "../log/record.ts";
import { createBrokenRules } from "./broken-rules.ts";
import { createCheckpointTeller } from "./checkpoint.ts";
import { versionOf } from "../releases/version.ts";
import { MASS_KEY, ofDecision } from "./decision.ts";
import { ofEnd } from "./end.ts";
import { createIncidents, type Incidents } from "./incidents.ts";
import { incidentKey, type Message, ring } from "./message.ts";
import {
  blindKey,
  ofApplied,
  ofBlind,
  ofChanged,
  ofGone,
  ofLoaded,
  ofQuiet,
  ofRejected,
  ofReplaced,
  ofSighted,
  type Of,
  type TriggerChange,
} from "./messages.ts";
import { ofAnnounced, ofCancelled, withEnd, withNews } from "./news.ts";
import { createFreezeTeller } from "./freezes.ts";
import { createHoldTeller } from "./holds.ts";
import { createPutBack, type PutBack } from "./put-back.ts";
import { createPeopleTeller } from "./people.ts";
import { ofNoData } from "./unknown.ts";
import { ofRights } from "./rights.ts";
import { createUnknownEnds } from "./unknown-ends.ts";
import { createReappliedTeller } from "./reapplied.ts";
import { ofWaiting } from "./waiting.ts";
import { createRetryingTeller } from "./retrying.ts";
import { createSuspendedTeller, type SuspendedTeller } from "./suspended.ts";

interface Known {
  /** Decisions whose rollback has not ended; later records of it are told with their words. */
  readonly decisions: Map<string, Of<"decision.made">>;
  /** Rollbacks that people announced as maintenance and that have not ended, by their decision. */
  readonly maintenance: Map<string, Of<"operator.rollback">>;
  readonly incidents: Incidents;
  /** Policies with a decision that a person approved and that did not lead to a rollback yet. */
  readonly approved: Set<string>;
  /** Policies that were told of as blind and not as sighted, and whether that paged. */
  readonly blind: Map<string, boolean>;
  readonly putBack: PutBack;
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
    incidents: createIncidents(),
    approved: new Set(),
    blind: new Map(),
    putBack: createPutBack(),
    suspended: createSuspendedTeller(),
    rejected: false,
  };
  const brokenRules = createBrokenRules();
  const unknownEnds = createUnknownEnds();
  const people = createPeopleTeller();
  const freezes = createFreezeTeller();
  const holds = createHoldTeller();
  const checkpoints = createCheckpointTeller();
  const reapplied = createReappliedTeller();
  const retrying = createRetryingTeller();
  return (record) => {
    note(record, known);
    const [answers, held] = [people(record), holds(record)];
    const messages = [
      ...tell(record, known),
      ...known.suspended.tell(record),
      ...retrying(record),
      ...brokenRules(record),
      ...ofRights(record),
      ...answers,
      ...freezes(record),
      // An approved rollback that is held is told as that.
      ...(answers.length > 0 ? [] : held),
      ...checkpoints(record),
      ...unknownEnds(record),
      ...reapplied(record),
    ];
    messages.forEach(known.incidents.noteRing);
    return messages;
  };
}

/** Remembers what later messages depend on. */
function note(record: LogRecord, { approved, incidents, putBack }: Known): void {
  putBack.note(record);
  switch (record.type) {
    case "trigger.firing":
      incidents.fires(record.policy, record.trigger);
      return;
    case "hold.prolonged":
      incidents.open(incidentKey(record.target, record.release), record);
      return;
    case "operator.approve":
      approved.add(record.policy);
      return;
    case "operator.reject":
    case "approval.expired":
    case "approval.withdrawn":
      approved.delete(record.policy);
      return;
    default:
  }
}

function tell(record: LogRecord, known: Known): readonly Message[] {
  switch (record.type) {
    case "decision.made":
      return decided(record, known);
    case "rollback.started":
      // From here on the end of the rollback is the end of the incident; one that never began ends with its triggers.
      known.incidents.setActing(record, true);
      return [];
    case "rollback.applied":
      return [applied(record, known)];
    case "rollback.waiting":
      return [ofWaiting(record, known.decisions.get(record.decisionId))];
    case "rollback.verified":
    case "rollback.failed":
      return ended(record, known);
    case "trigger.resolved":
      return resolved(record, known);
    case "operator.rollback":
      return asked(record, known);
    case "release.observed":
      return replaced(record, known);
    case "evaluation.blind":
      known.blind.set(record.policy, record.observes !== true);
      return [ofBlind(record)];
    case "evaluation.no-data":
      return [ofNoData(record)];
    case "evaluation.sighted":
      return [sighted(record, known)];
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
  const said = ofDecision(record);
  const cancelled = record.decision === "rollback" ? [] : calledOff(record, known);
  if (said === undefined) {
    return cancelled;
  }
  const message = ringing(inOneIncident(said, known), record, known);
  if (record.decision === "rollback") {
    known.decisions.set(record.decisionId, record);
    known.approved.delete(record.policy);
  }
  if (message.event === "trigger") {
    known.incidents.open(message.incident ?? message.dedupKey, record);
  }
  return record.decision === "rollback"
    ? [withNews(message, record.type, aboutDecision(known, record.decisionId))]
    : [message, ...cancelled];
}

/** A rollback that did not help has paged; that what it put back fires, too, belongs to its open incident. */
function inOneIncident(message: Message, { incidents, putBack }: Known): Message {
  const key = putBack.incidentOf(message.release);
  return key === undefined || message.dedupKey === MASS_KEY || !incidents.isOpen(key)
    ? message
    : { ...message, dedupKey: key };
}

/** Sight ends a page only where blindness was one. */
function sighted(record: Of<"evaluation.sighted">, { blind }: Known): Message {
  const paged = blind.get(record.policy) !== false;
  blind.delete(record.policy);
  return paged ? ofSighted(record) : { ...ofSighted(record), event: "info" };
}

/** Whoever approved a rollback relies on it: that it does not come must ring, though the incident is open. */
function ringing(
  message: Message,
  { decision, policy, decisionId }: Of<"decision.made">,
  known: Known,
): Message {
  const isNew = decision === "escalate" && message.event === "trigger" && known.approved.delete(policy);
  return isNew && known.incidents.isOpen(message.dedupKey)
    ? { ...message, ...ring(message.dedupKey, "blocked", decisionId), severity: "critical" }
    : message;
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
  const end = ofEnd(record, about.decision, known.incidents.isQuiet(record.policy));
  const message = { ...end, lines: [...end.lines, ...known.suspended.take(record.decisionId)] };
  known.decisions.delete(record.decisionId);
  known.maintenance.delete(record.decisionId);
  known.incidents.setActing(record, false);
  const key = incidentKey(record.target, record.release);
  if (message.event === "trigger") {
    known.incidents.open(key, { ...record, at: about.decision?.at ?? record.at });
    return [withNews(message, record.type, about)];
  }
  return [
    withNews(message, record.type, about),
    ...known.incidents.end(key, message),
    ...(record.type === "rollback.verified" ? endOthers(record, known) : []),
  ];
}

/** A failed rollback after which nothing fires has no trigger to end with: it ends when another rollback worked. */
function endOthers(record: Of<"rollback.verified">, { incidents }: Known): readonly Message[] {
  return incidents.endQuiet(
    ({ target }) => target === record.target,
    (incident) =>
      withEnd(ofReplaced(record, incident, `a rollback of it worked: ${record.detail}`), incident.since),
  );
}

/** And when a person deploys something else. */
function replaced(record: Of<"release.observed">, { incidents }: Known): readonly Message[] {
  if (record.cause !== "deploy") return [];
  const key = incidentKey(record.target, record.release);
  return incidents.endQuiet(
    ({ target, dedupKey }) => target === record.target && dedupKey !== key,
    (incident) => withEnd(ofReplaced(record, incident, `it runs ${versionOf(record)} now`), incident.since),
  );
}

/** Policies that are gone say nothing more, so what they were told of ends here. */
function loaded(record: Of<"rules.loaded">, known: Known): readonly Message[] {
  const inForce = new Set(record.policies.map(({ policy }) => policy));
  const isGone = (policy: string): boolean => !inForce.has(policy);
  known.incidents.forget(isGone);
  const over = known.incidents.endQuiet(
    ({ policies }) => [...policies].some(isGone),
    (incident) => ofGone(record, incident),
  );
  const blind = [...known.blind.keys()].filter(
    (policy) => isGone(policy) && known.blind.get(policy) === true,
  );
  [...known.blind.keys()].filter(isGone).forEach((policy) => known.blind.delete(policy));
  const news = known.rejected ? ofLoaded(record) : ofChanged(record);
  known.rejected = false;
  return [
    ...(news === undefined ? [] : [news]),
    ...over,
    ...blind.map((policy) => ofGone(record, { dedupKey: blindKey(policy), target: policy })),
  ];
}

function resolved(record: TriggerChange, { incidents }: Known): readonly Message[] {
  incidents.stops(record.policy, record.trigger);
  return incidents.endQuiet(
    ({ policies }) => policies.has(record.policy),
    (incident) => withEnd(ofQuiet(record, incident), incident.since),
  );
}
