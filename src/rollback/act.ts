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
  /** The trigger that fired; absent where a person asked. */
  readonly trigger?: string;
  /** The trigger and its numbers, in one line. */
  readonly reason: string;
  /** Of one that a person asked for: what fired when it began, and no more, has to recover. */
  readonly manual?: { readonly mustRecover: readonly string[] };
}

/** Why an act did not happen, or may not have. A closed set: each has a message and a page of its own. */
export type ActFailure =
  | "superseded" // the target no longer runs what was decided about
  | "target-missing"
  | "revision-missing" // nothing left to put back
  | "paused"
  | "target-not-ready" // the other colour of a blue/green target did not get ready, so nothing was switched
  | "held-back" // a StatefulSet's update strategy would leave pods as they are
  | "gitops-not-suspended" // its owner would undo it at once
  | "forbidden"
  | "rejected" // admission or validation refused the change
  | "conflict" // still changing after every retry
  | "unreachable" // the API server did not answer in time
  | "frozen" // a person froze automation between the decision and the act
  | "not-begun" // the daemon was stopped between a person's decision and the act
  | "script-missing"
  | "script-not-executable"
  | "script-failed"
  | "script-timeout"
  | "partly-applied" // some members of a group were moved, others were not
  | "interrupted"; // the daemon died while a script may have run

export type ActOutcome =
  | {
      readonly kind: "applied";
      readonly detail: string;
      readonly output?: string;
      /** What the target runs in place of what was to be put back, where admission changed that. */
      readonly runs?: Runs;
    }
  | {
      readonly kind: "failed";
      readonly reason: ActFailure;
      readonly detail: string;
      readonly output?: string;
    };

/** Identity of what a target runs; of a group, of each member too. */
export type Runs = Pick<Revision, "digest" | "members">;

export type Applied = Extract<ActOutcome, { kind: "applied" }>;
export type Failed = Extract<ActOutcome, { kind: "failed" }>;

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
  | Extract<ActOutcome, { kind: "failed" }>
);

/** What has to be done to others before the act. Twice is the same as once. Bounded in time; never throws. */
export type Prepare = (order: RollbackOrder, signal: AbortSignal) => Promise<Prepared>;

/** Does the one thing that changes the target. Bounded in time; never throws. */
export type Act = (order: RollbackOrder, signal: AbortSignal) => Promise<ActOutcome>;

/** What a target shows of an act that may have happened: in part is a failure, unless the rest can still be done. */
export type Shown =
  | "applied"
  | "not-applied"
  | "moved"
  | "not-observable"
  | Extract<ActOutcome, { kind: "failed" }>;

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
  /** False for scripts: an act that may have begun is never begun again. */
  readonly repeatable: boolean;
}
