import type { TriggerState } from "../engine/trigger-status.ts";
import type { CheckpointRecord, DecisionRecord, LogRecord, MissingRights } from "../log/record.ts";
import type { LoggedRelease } from "../releases/logged-release.ts";
import { type UnknownKind, unknownKind } from "../signals/sample.ts";
import {
  foldRollback,
  forgetGivenUp,
  isOfRollback,
  noRollbacks,
  type RollbackMemory,
} from "./rollback-fold.ts";
import { endEpisode, foldDecision, foldPeople, isOfPeople, noPeople, type People } from "./people-fold.ts";

export interface RecordedRelease {
  readonly id: string;
  readonly target: string;
  readonly ready: boolean;
  readonly promoted: boolean;
  /** Since when it is known to be good. */
  readonly goodSince?: string;
  /** From when on its checkpoints are rollbackd's to make: what was over when it was first installed is not. */
  readonly followedFrom: number;
  /** Its checkpoints that are on record, oldest first. */
  readonly checkpoints: readonly (CheckpointRecord & LogRecord)[];
  /** That another one took its place is on record, though not yet which. */
  readonly superseded: boolean;
}

/** A trigger that is unknown. */
export interface UnknownSpell {
  /** Epoch ms. */
  readonly since: number;
  /** Of the reason last recorded; undefined when that is to be recorded anew. */
  readonly kind: UnknownKind | undefined;
  /** People know that it says nothing. */
  readonly told: boolean;
}

/** What the log has said so far, by target, by policy, or by both and the trigger. */
export interface Memory extends RollbackMemory {
  /** By policy: its hash by the rules last loaded. */
  readonly hashes: Map<string, string>;
  /** By policy and trigger. */
  readonly rules: Map<string, Map<string, { readonly hash: string; readonly loadedAt: number }>>;
  /** By policy and time after the clock of a release: since when the rules have had such a checkpoint, epoch ms. */
  readonly planned: Map<string, ReadonlyMap<number, number>>;
  /** By policy and trigger, without those that are inactive. */
  readonly states: Map<string, Map<string, TriggerState>>;
  /** By policy and trigger. */
  readonly unknown: Map<string, Map<string, UnknownSpell>>;
  /** By policy: what fired and was not seen to resolve; an unknown trigger has not resolved. */
  readonly firing: Map<string, Set<string>>;
  /** By policy. */
  readonly decisions: Map<string, DecisionRecord>;
  /** By policy. */
  readonly release: Map<string, RecordedRelease>;
  /** By target, oldest first. */
  readonly releases: Map<string, readonly LoggedRelease[]>;
  /** Digests by target. */
  readonly promoted: Map<string, Set<string>>;
  /** By policy. */
  readonly blind: Map<string, { readonly since: number; readonly observes: boolean }>;
  /** Rights of rollbackd's account that are missing in the cluster. */
  missingRights: readonly MissingRights[];
  readonly people: People;
}

export function emptyMemory(): Memory {
  return {
    ...noRollbacks(),
    hashes: new Map(),
    rules: new Map(),
    planned: new Map(),
    states: new Map(),
    unknown: new Map(),
    firing: new Map(),
    decisions: new Map(),
    release: new Map(),
    releases: new Map(),
    promoted: new Map(),
    blind: new Map(),
    missingRights: [],
    people: noPeople(),
  };
}

/** Adds one record to the memory, in place; records come in the order of the log. */
export function fold(memory: Memory, record: LogRecord): void {
  switch (record.type) {
    case "rules.loaded":
      foldRules(memory, record);
      return;
    case "evaluation.blind":
      memory.blind.set(record.policy, {
        since: Date.parse(record.since),
        observes: record.observes === true,
      });
      return;
    case "evaluation.sighted":
      memory.blind.delete(record.policy);
      return;
    case "evaluation.no-data": {
      const unknown = memory.unknown.get(record.policy)?.get(record.trigger);
      if (unknown) memory.unknown.get(record.policy)?.set(record.trigger, { ...unknown, told: true });
      return;
    }
    case "checkpoint.passed":
    case "checkpoint.failed":
      foldCheckpoint(memory, record);
      return;
    case "decision.made":
      memory.decisions.set(record.policy, record);
      foldDecision(memory.people, record);
      return;
    default:
      foldOther(memory, record);
  }
}

function foldOther(memory: Memory, record: LogRecord): void {
  if (record.type === "rights.missing") memory.missingRights = record.missing;
  else if (record.type === "rights.granted") memory.missingRights = [];
  else if (isOfPeople(record)) {
    foldPeople(memory.people, record);
    if (record.type.startsWith("operator.")) forgetGivenUp(memory, record.policy);
  } else if (isOfRelease(record)) foldRelease(memory, record);
  else if (isOfTrigger(record)) foldTrigger(memory, record);
  else if (isOfRollback(record)) {
    const { target, decisionId } = record;
    if (memory.people.unbegun.get(target)?.decisionId === decisionId) memory.people.unbegun.delete(target);
    foldRollback(memory, record, memory.decisions.get(record.policy));
  }
}

type OfRelease = Extract<LogRecord, { type: `release.${string}` }>;
type OfTrigger = Extract<LogRecord, { type: `trigger.${string}` }>;
function isOfRelease(record: LogRecord): record is OfRelease {
  return record.type.startsWith("release.");
}

function isOfTrigger(record: LogRecord): record is OfTrigger {
  return record.type.startsWith("trigger.");
}

/** What means the same as before has been in force since before; what is gone would be new if it came back. */
function foldRules(memory: Memory, record: Extract<LogRecord, { type: "rules.loaded" }>): void {
  const { rules, hashes } = memory;
  const changed = record.policies.filter(({ policy, hash }) => hashes.get(policy) !== hash);
  for (const { policy } of changed) forgetGivenUp(memory, policy);
  hashes.clear();
  for (const { policy, hash } of record.policies) hashes.set(policy, hash);
  const at = Date.parse(record.at);
  const before = new Map(rules);
  rules.clear();
  for (const { policy, triggers, checkpoints = [] } of record.policies) {
    const known = before.get(policy);
    const loaded = Object.entries(triggers).map(([trigger, hash]) => {
      const same = known?.get(trigger);
      return [trigger, same?.hash === hash ? same : { hash, loadedAt: at }] as const;
    });
    rules.set(policy, new Map(loaded));
    const plannedBefore = memory.planned.get(policy);
    memory.planned.set(policy, new Map(checkpoints.map((each) => [each, plannedBefore?.get(each) ?? at])));
    forgetKinds(memory, policy, known);
  }
  const { states, unknown, firing, decisions, blind, planned } = memory;
  for (const ofPolicies of [states, unknown, firing, decisions, blind, planned, memory.people.holds]) {
    for (const policy of [...ofPolicies.keys()].filter((name) => !rules.has(name))) ofPolicies.delete(policy);
  }
}

/** A rule that was mended, or was to be, says anew why it is unknown if it still is. */
function forgetKinds(
  { rules, unknown }: Memory,
  policy: string,
  known: ReadonlyMap<string, { readonly hash: string }> | undefined,
): void {
  const spells = unknown.get(policy);
  for (const [trigger, spell] of spells ?? []) {
    const isSame = rules.get(policy)?.get(trigger)?.hash === known?.get(trigger)?.hash;
    if (!isSame) spells?.set(trigger, { ...spell, kind: undefined });
  }
}

/** How many past releases of a target are worth knowing. */
const REMEMBERED_RELEASES = 20;

function foldRelease(memory: Memory, record: OfRelease): void {
  if (record.type === "release.observed") {
    observe(memory, record);
    return;
  }
  const known = memory.release.get(record.policy);
  if (known?.id !== record.release) return;
  switch (record.type) {
    case "release.ready":
      memory.release.set(record.policy, { ...known, ready: true });
      return;
    case "release.superseded":
      memory.release.set(record.policy, { ...known, superseded: true });
      return;
    case "release.promoted": {
      memory.release.set(record.policy, { ...known, promoted: true, goodSince: record.at });
      const digests = memory.promoted.get(known.target) ?? new Set();
      memory.promoted.set(known.target, digests.add(record.digest));
    }
  }
}

function observe(memory: Memory, record: Extract<OfRelease, { type: "release.observed" }>): void {
  const { policy, release: id, target, digest: version } = record;
  const startedAt = Date.parse(record.startedAt);
  // Where the log knows what ran before, the daemon was only away when this one came.
  const followedFrom = memory.release.get(policy)?.target === target ? startedAt : Date.parse(record.at);
  memory.release.set(policy, {
    id,
    target,
    ready: false,
    promoted: false,
    superseded: false,
    followedFrom,
    checkpoints: [],
  });
  const earlier = (memory.releases.get(target) ?? []).filter((release) => release.id !== id);
  const { told } = record;
  const run = { id, version, startedAt, ...(told && { isTold: told }) };
  memory.releases.set(target, [...earlier, run].slice(-REMEMBERED_RELEASES));
}

function foldCheckpoint(memory: Memory, record: CheckpointRecord & LogRecord): void {
  const known = memory.release.get(record.policy);
  if (known?.id !== record.release) return;
  memory.release.set(record.policy, { ...known, checkpoints: [...known.checkpoints, record] });
}

const STATE_OF = {
  "trigger.pending": "pending",
  "trigger.firing": "firing",
  "trigger.resolved": "inactive",
  "trigger.unknown": "unknown",
} as const;

function foldTrigger({ states, unknown, firing, decisions, people }: Memory, record: OfTrigger): void {
  const { type, policy, trigger } = record;
  const state = STATE_OF[type];
  const unseen = unknown.get(policy) ?? new Map<string, UnknownSpell>();
  unknown.set(policy, unseen);
  if (state === "unknown") unseen.set(trigger, spellOf(record, unseen.get(trigger)));
  else unseen.delete(trigger);

  const ofPolicy = states.get(policy) ?? new Map<string, TriggerState>();
  states.set(policy, ofPolicy);
  if (state === "inactive") ofPolicy.delete(trigger);
  else ofPolicy.set(trigger, state);

  const fired = firing.get(policy) ?? new Set();
  firing.set(policy, fired);
  if (state === "firing") fired.add(trigger);
  // Anything else that is unknown for good (nothing to measure, no traffic) does not keep an episode open.
  if (state === "inactive" && fired.delete(trigger) && fired.size === 0) {
    decisions.delete(policy);
    endEpisode(people, policy);
  }
}

/** One spell, whatever the reasons, is told once; that the query is rejected is told by its record. */
function spellOf(record: OfTrigger, before: UnknownSpell | undefined): UnknownSpell {
  const kind = record.unknown && unknownKind(record.unknown);
  const isTold = before?.told === true || kind === "query-rejected";
  return { since: before?.since ?? Date.parse(record.at), kind, told: isTold };
}
