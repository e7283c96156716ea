import type { HoldReason } from "../decisions/reason.ts";
import type { Policy } from "../rules/policy.ts";
import type { Revision } from "../releases/release.ts";

/** What a rollback would change. */
export interface Change {
  readonly policy: Policy;
  readonly target: string;
  /** Id of the release that is rolled back. */
  readonly release: string;
  readonly from: Revision;
  readonly to: Revision;
}

/** What was decided and must now be done to the target. */
export interface RollbackOrder extends Change {
  readonly decisionId: string;
  /** Of the object that the decision was about; an object made anew since is another target. */
  readonly uid: string;
  /** When the release began, epoch ms; absent where that is not known. */
  readonly releasedAt?: number;
  /** The trigger that decided; absent where a person asked. */
  readonly trigger?: string;
  /** All triggers that fired at the decision; absent where a person asked. */
  readonly fired?: readonly string[];
  /** The trigger and its numbers, in one line. */
  readonly reason: string;
  /** What a person agreed to replace: digests of templates that were changed on a paused Deployment and run nowhere. */
  readonly staged?: readonly string[];
  /** Of one that a person asked for: what fired when it began, and no more, has to recover. */
  readonly manual?: { readonly mustRecover: readonly string[] };
}

/**
 * What keeps automation from acting and can begin between two tries. A person's word is not asked for again, and what a
 * second look finds has its own reasons.
 */
export type HeldReason = Exclude<HoldReason, "awaiting-approval" | "observe-mode" | "rollback-failed">;

/** Why an act did not happen, or may not have. A closed set: each has a message and a page of its own. */
export type ActFailure =
  | HeldReason // also: `superseded`, the target no longer runs what was decided about
  | "target-missing"
  | "revision-missing" // nothing left to put back
  | "paused"
  | "held-back" // a StatefulSet's update strategy would leave pods as they are
  | "gitops-not-suspended" // its owner would undo it at once
  | "forbidden"
  | "rejected" // admission or validation refused the change
  | "conflict" // still changing after every retry
  | "unreachable" // the API server did not answer in time
  | "not-begun" // the daemon was stopped between a person's decision and the act
  | "script-missing"
  | "script-not-executable"
  | "script-failed"
  | "script-timeout"
  | "partly-applied" // some members of a group were moved, others were not
  | "interrupted"; // the daemon died while a script may have run

export interface Failed {
  readonly kind: "failed";
  readonly reason: ActFailure;
  readonly detail: string;
  readonly output?: string;
  /** What serves is known to be unchanged; absent: it may have been changed. */
  readonly changed?: false;
  /** The decision of another rollbackd that rolled the release back. */
  readonly peer?: string;
}

/** The try did not come to an end of the act: it can be made again. */
export interface Again {
  readonly kind: "again";
  /** How the act ends if this was the last try. */
  readonly failure: Failed;
  /** What was answered, in a word or two: `429`, `no answer`. Absent where nothing went wrong: pods get ready. */
  readonly answer?: string;
  /** How long the other side asks to wait, in ms. */
  readonly notBeforeMs?: number;
  /** The target could not be read: what an earlier try did to it is still not known. */
  readonly isUnread?: true;
  /** A right is missing or admission refused: people have to act, so they are paged at once. */
  readonly isRefused?: boolean;
}

export interface Applied {
  readonly kind: "applied";
  readonly detail: string;
  readonly output?: string;
  /** What the target runs in place of what was to be put back, where admission changed that. */
  readonly runs?: Runs;
}

export type ActOutcome = Applied | Failed | Again;

/** Identity of what a target runs; of a group, of each member too. */
export type Runs = Pick<Revision, "digest" | "members">;

/** A GitOps owner that was told to leave the target alone, and how it is told to go on. */
export interface Suspension {
  /** `Flux Kustomization apps/shop` */
  readonly owner: string;
  /** A sentence. */
  readonly detail: string;
  /** The exact command. */
  readonly resume: string;
}

/** Even where it failed, some may have been suspended. */
export type Prepared = { readonly suspended: readonly Suspension[] } & (
  | { readonly kind: "prepared" }
  | Failed
  | Again
);

/** One try of what has to be done to others before the act. Twice is the same as once. Bounded in time; never throws. */
export type Prepare = (order: RollbackOrder, signal: AbortSignal) => Promise<Prepared>;

/** One try of the one thing that changes the target. Bounded in time; never throws. */
export type Act = (order: RollbackOrder, signal: AbortSignal) => Promise<ActOutcome>;

/** What a target shows of an act that may have happened: in part is a failure, unless the rest can still be done. */
export type Shown = "applied" | "not-applied" | "moved" | "not-observable" | Failed;

/** After a crash between "started" and "applied": what does the target itself show? */
export type Inspect = (order: RollbackOrder) => Promise<Shown>;

export interface Strategy {
  /** Absent where nothing has to be prepared. */
  readonly prepare?: Prepare;
  readonly act: Act;
  readonly inspect: Inspect;
  /**
   * Of an act that `inspect` finds applied: what it left on the target, after all that is to be written after the
   * change itself. Absent where the act is one write. Bounded in time; never throws.
   */
  readonly settle?: (order: RollbackOrder, signal: AbortSignal) => Promise<Applied>;
  /** All of the act but the change itself, which is only tried: `applied` or `again` as the act would end. */
  readonly rehearse?: Act;
  /** False for scripts: an act that may have begun is never begun again. */
  readonly repeatable: boolean;
}
