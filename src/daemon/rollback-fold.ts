import type { VerifiedRollback } from "../decisions/situation.ts";
import type { DecisionRecord, LogRecord, RollbackRecord, SuspensionRecord } from "../log/record.ts";
import type { GitOpsOwner } from "../releases/gitops-owner.ts";
import type { Runs } from "../rollback/act.ts";
import type { ScriptRollback } from "../releases/script-release.ts";

export type Started = Extract<RollbackRecord, { type: "rollback.started" }>;

/** A rollback that has not ended. */
export interface OpenRollback {
  readonly started: Started;
  readonly startedAt: number;
  /** When the act was accepted by the target; undefined while it may not have happened. */
  readonly appliedAt: number | undefined;
  /** What the target runs since then in place of what was to be put back, where admission changed that. */
  readonly runs?: Runs;
  /** The owners of the target that are on record as suspended for it. */
  readonly suspended: readonly string[];
  /** It is on record that it does not get through and is tried again. */
  readonly isRetrying: boolean;
}

/** A rollback that ended without a change because nothing got through. */
export interface GivenUp {
  readonly decisionId: string;
  readonly policy: string;
  readonly release: string;
  /** Digest of the revision that was to be put back. */
  readonly to: string;
  /** Who else had a say in the target at the decision. */
  readonly owners: readonly GitOpsOwner[];
  /** Why, as its record says. */
  readonly reason: string;
  /** Epoch ms. */
  readonly at: number;
}

/** What the log has said of rollbacks. */
export interface RollbackMemory {
  /** By target, oldest first. */
  readonly rollbacks: Map<string, readonly ScriptRollback[]>;
  /** By target: when a rollback was last begun that may have changed something. */
  readonly attempts: Map<string, number>;
  /** By target: the last rollback, if it was given up and nothing it depends on has changed since. */
  readonly givenUp: Map<string, GivenUp>;
  /** By target: when a rollback last ended because every trigger that fired was healthy again. */
  readonly unconfirmed: Map<string, number>;
  /** By target. */
  readonly open: Map<string, OpenRollback>;
  /** By target: its last rollback, if that was verified. */
  readonly verified: Map<string, VerifiedRollback>;
}

export function noRollbacks(): RollbackMemory {
  return {
    rollbacks: new Map(),
    attempts: new Map(),
    givenUp: new Map(),
    unconfirmed: new Map(),
    open: new Map(),
    verified: new Map(),
  };
}

/** A rollback as others look back on it. */
export function pastOf({ started, startedAt }: OpenRollback): ScriptRollback {
  const { decisionId, from, to } = started;
  return { decisionId, at: startedAt, fromDigest: from.digest, toDigest: to.digest };
}

type OfRollback = Exclude<
  LogRecord & (RollbackRecord | SuspensionRecord),
  { readonly type: "rollback.waiting" }
>;

export function isOfRollback(record: LogRecord): record is OfRollback {
  if (record.type === "rollback.waiting") return false;
  return record.type.startsWith("rollback.") || record.type === "gitops.suspended";
}

/** What it was about may be possible now, or is wanted by a person. */
export function forgetGivenUp({ givenUp }: RollbackMemory, policy: string): void {
  for (const [target, { policy: of }] of givenUp) if (of === policy) givenUp.delete(target);
}

/** `decision`: the last one of the policy. */
export function foldRollback(
  memory: RollbackMemory,
  record: OfRollback,
  decision: DecisionRecord | undefined,
): void {
  const { target } = record;
  const at = Date.parse(record.at);
  if (record.type === "rollback.started") {
    const fresh = { appliedAt: undefined, suspended: [], isRetrying: false };
    memory.open.set(target, { started: record, startedAt: at, ...fresh });
    memory.givenUp.delete(target);
    memory.verified.delete(target);
    return;
  }
  const open = memory.open.get(target);
  if (open?.started.decisionId !== record.decisionId) return;
  if (record.type === "gitops.suspended") {
    memory.open.set(target, { ...open, suspended: [...open.suspended, record.owner] });
  } else if (record.type === "rollback.retrying") {
    memory.open.set(target, { ...open, isRetrying: true });
  } else foldOutcome(memory, record, { open, decision });
}

/** What it changed, or may have changed. */
function foldOutcome(
  memory: RollbackMemory,
  record: Extract<OfRollback, { type: `rollback.${"applied" | "verified" | "failed"}` }>,
  { open, decision }: Known,
): void {
  const { target } = record;
  const at = Date.parse(record.at);
  if (record.type === "rollback.failed") foldFailure(memory, record, { open, decision });
  else memory.attempts.set(target, open.startedAt);
  const isUncertain = record.type === "rollback.failed" && mayHaveActed(open, record);
  const past = { ...pastOf(open), ...(isUncertain && { isUncertain }) };
  if (record.type === "rollback.applied" || isUncertain) {
    memory.rollbacks.set(target, [...(memory.rollbacks.get(target) ?? []), past]);
  }
  if (record.type === "rollback.applied") {
    const { runs } = record;
    memory.open.set(target, { ...open, appliedAt: at, ...(runs && { runs }) });
  } else memory.open.delete(target);
  if (record.type === "rollback.verified") memory.verified.set(target, verifiedOf(open, at));
}

function verifiedOf({ started, runs }: OpenRollback, at: number): VerifiedRollback {
  return { decisionId: started.decisionId, at, toDigest: runs?.digest ?? started.to.digest };
}

type OfFailure = Extract<OfRollback, { type: "rollback.failed" }>;

interface Known {
  readonly open: OpenRollback;
  readonly decision: DecisionRecord | undefined;
}

function foldFailure(
  memory: RollbackMemory,
  record: OfFailure,
  { open: { started, startedAt }, decision }: Known,
): void {
  const { target, policy, release, decisionId, reason } = record;
  const at = Date.parse(record.at);
  if (record.changed !== false) memory.attempts.set(target, startedAt);
  if (reason === "not-confirmed") memory.unconfirmed.set(target, at);
  if (record.gaveUp === true) {
    const owners = (decision?.decisionId === decisionId && decision.owners) || [];
    memory.givenUp.set(target, { decisionId, policy, release, to: started.to.digest, owners, reason, at });
  }
}

const ACTED = new Set(["script-failed", "script-timeout", "interrupted", "partly-applied"]);

/** A script that ran and failed, or was cut off, may have changed the target: it counts as an act. */
function mayHaveActed({ appliedAt }: OpenRollback, { reason, changed }: OfFailure): boolean {
  return appliedAt === undefined && changed !== false && ACTED.has(reason);
}
