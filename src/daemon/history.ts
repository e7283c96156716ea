import type { TriggerState } from "../engine/trigger-status.ts";
import type { DecisionRecord, LogRecord, RollbackRecord } from "../log/record.ts";
import type { LoggedRelease, ScriptRollback } from "../releases/script-release.ts";

type Started = Extract<RollbackRecord, { type: "rollback.started" }>;

/** A rollback that has not ended. */
export interface OpenRollback {
  readonly started: Started;
  readonly startedAt: number;
  /** When the act was accepted by the target; undefined while it may not have happened. */
  readonly appliedAt: number | undefined;
}

/** What the log says that the daemon needs to go on where it stopped. A view of the log, never more than it. */
export interface History {
  /** Folds one more record in. */
  readonly apply: (record: LogRecord) => void;
  /** Acts on a target, oldest first. */
  readonly rollbacks: (target: string) => readonly ScriptRollback[];
  /** The same, and the one that may be under way. */
  readonly begun: (target: string) => readonly ScriptRollback[];
  /** When a rollback of the target was last begun, whatever came of it. */
  readonly lastAttemptAt: (target: string) => number | undefined;
  readonly open: (target: string) => OpenRollback | undefined;
  /** Since when a trigger has meant what `hash` says; undefined if the log does not know this meaning. */
  readonly loadedAt: (policy: string, trigger: string, hash: string) => number | undefined;
  /** The state last recorded; "inactive" when none was. */
  readonly triggerState: (policy: string, trigger: string) => TriggerState;
  /** The last decision of the present episode; undefined once everything has resolved. */
  readonly lastDecision: (policy: string) => DecisionRecord | undefined;
  /** The release last recorded for a policy, and how far its records got. */
  readonly release: (policy: string) => RecordedRelease | undefined;
  /** The releases of a target, oldest first, the newest few. */
  readonly releases: (target: string) => readonly LoggedRelease[];
  /** Digests that were proven good on a target. */
  readonly promoted: (target: string) => ReadonlySet<string>;
  readonly isBlind: (policy: string) => boolean;
}

export interface RecordedRelease {
  readonly id: string;
  readonly target: string;
  readonly ready: boolean;
  readonly promoted: boolean;
}

interface Memory {
  readonly rollbacks: Map<string, readonly ScriptRollback[]>;
  readonly attempts: Map<string, number>;
  readonly open: Map<string, OpenRollback>;
  readonly triggers: Map<string, { readonly hash: string; readonly loadedAt: number }>;
  readonly states: Map<string, TriggerState>;
  readonly decisions: Map<string, DecisionRecord>;
  readonly release: Map<string, RecordedRelease>;
  readonly releases: Map<string, readonly LoggedRelease[]>;
  readonly promoted: Map<string, Set<string>>;
  readonly blind: Set<string>;
}

export function createHistory(): History {
  const memory: Memory = {
    rollbacks: new Map(),
    attempts: new Map(),
    open: new Map(),
    triggers: new Map(),
    states: new Map(),
    decisions: new Map(),
    release: new Map(),
    releases: new Map(),
    promoted: new Map(),
    blind: new Set(),
  };
  return {
    apply: (record) => {
      fold(memory, record);
    },
    rollbacks: (target) => memory.rollbacks.get(target) ?? [],
    begun: (target) => {
      const open = memory.open.get(target);
      const past = memory.rollbacks.get(target) ?? [];
      return open === undefined || open.appliedAt !== undefined ? past : [...past, pastOf(open)];
    },
    lastAttemptAt: (target) => memory.attempts.get(target),
    open: (target) => memory.open.get(target),
    loadedAt: (policy, trigger, hash) => {
      const known = memory.triggers.get(keyOf(policy, trigger));
      return known?.hash === hash ? known.loadedAt : undefined;
    },
    triggerState: (policy, trigger) => memory.states.get(keyOf(policy, trigger)) ?? "inactive",
    lastDecision: (policy) => memory.decisions.get(policy),
    release: (policy) => memory.release.get(policy),
    releases: (target) => memory.releases.get(target) ?? [],
    promoted: (target) => memory.promoted.get(target) ?? new Set(),
    isBlind: (policy) => memory.blind.has(policy),
  };
}

function keyOf(policy: string, trigger: string): string {
  return JSON.stringify([policy, trigger]);
}

function fold(memory: Memory, record: LogRecord): void {
  switch (record.type) {
    case "rules.loaded":
      foldRules(memory, record, Date.parse(record.at));
      return;
    case "evaluation.blind":
      memory.blind.add(record.policy);
      return;
    case "evaluation.sighted":
      memory.blind.delete(record.policy);
      return;
    case "decision.made":
      memory.decisions.set(record.policy, record);
      return;
    default:
      if (isOfRelease(record)) foldRelease(memory, record);
      else if (isOfTrigger(record)) foldTrigger(memory, record);
      else if (isOfRollback(record)) foldRollback(memory, record, Date.parse(record.at));
  }
}

type OfRelease = Extract<LogRecord, { type: "release.observed" | "release.ready" | "release.promoted" }>;
type OfTrigger = Extract<LogRecord, { type: keyof typeof STATE_OF }>;
type OfRollback = LogRecord & RollbackRecord;

function isOfRelease(record: LogRecord): record is OfRelease {
  return record.type.startsWith("release.") && record.type !== "release.superseded";
}

function isOfTrigger(record: LogRecord): record is OfTrigger {
  return record.type.startsWith("trigger.");
}

function isOfRollback(record: LogRecord): record is OfRollback {
  return record.type.startsWith("rollback.");
}

function foldRules(memory: Memory, record: Extract<LogRecord, { type: "rules.loaded" }>, at: number): void {
  const before = new Map(memory.triggers);
  memory.triggers.clear();
  for (const { policy, triggers } of record.policies) {
    for (const [trigger, hash] of Object.entries(triggers)) {
      const key = keyOf(policy, trigger);
      const known = before.get(key);
      memory.triggers.set(key, { hash, loadedAt: known?.hash === hash ? known.loadedAt : at });
    }
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
  if (record.type === "release.ready") {
    memory.release.set(record.policy, { ...known, ready: true });
    return;
  }
  memory.release.set(record.policy, { ...known, promoted: true });
  const digests = memory.promoted.get(known.target) ?? new Set();
  memory.promoted.set(known.target, digests.add(record.digest));
}

function observe(memory: Memory, record: Extract<OfRelease, { type: "release.observed" }>): void {
  const { policy, release: id, target, digest: version } = record;
  memory.release.set(policy, { id, target, ready: false, promoted: false });
  const earlier = (memory.releases.get(target) ?? []).filter((release) => release.id !== id);
  const run = { id, version, startedAt: Date.parse(record.startedAt) };
  memory.releases.set(target, [...earlier, run].slice(-REMEMBERED_RELEASES));
}

const STATE_OF = {
  "trigger.pending": "pending",
  "trigger.firing": "firing",
  "trigger.resolved": "inactive",
  "trigger.unknown": "unknown",
} as const;

function foldTrigger(memory: Memory, record: OfTrigger): void {
  memory.states.set(keyOf(record.policy, record.trigger), STATE_OF[record.type]);
  const states = [...memory.states].filter(([key]) => key.startsWith(`[${JSON.stringify(record.policy)},`));
  if (states.every(([, state]) => state === "inactive")) memory.decisions.delete(record.policy);
}

function foldRollback(memory: Memory, record: OfRollback, at: number): void {
  const { target } = record;
  if (record.type === "rollback.started") {
    memory.attempts.set(target, at);
    memory.open.set(target, { started: record, startedAt: at, appliedAt: undefined });
    return;
  }
  const open = memory.open.get(target);
  if (open === undefined) return;
  const acted =
    record.type === "rollback.applied" ||
    (record.type === "rollback.failed" && mayHaveActed(open, record.reason));
  if (acted) memory.rollbacks.set(target, [...(memory.rollbacks.get(target) ?? []), pastOf(open)]);
  if (record.type === "rollback.applied") memory.open.set(target, { ...open, appliedAt: at });
  else memory.open.delete(target);
}

/** A script that ran and failed, or was cut off, may have changed the target: it counts as an act. */
function mayHaveActed(open: OpenRollback, reason: string): boolean {
  return open.appliedAt === undefined && ["script-failed", "script-timeout", "interrupted"].includes(reason);
}

function pastOf({ started, startedAt }: OpenRollback): ScriptRollback {
  const { decisionId, from, to } = started;
  return { decisionId, at: startedAt, fromDigest: from.digest, toDigest: to.digest };
}
