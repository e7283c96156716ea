import type { TriggerStatus } from "../engine/trigger-status.ts";
import type { Blame } from "../releases/blame.ts";
import type { PastRollback, Release, Revision } from "../releases/release.ts";
import type { GitOpsOwner } from "../releases/gitops-owner.ts";
import type { Needed } from "../releases/release-context.ts";
import type { HeldBack } from "../releases/held-back.ts";
import type { Policy, Trigger } from "../rules/policy.ts";
import type { ImageReport } from "../signals/image-report.ts";
import type { Answer } from "./answer.ts";
import type { Freeze } from "./freeze.ts";
import type { Veto } from "./veto.ts";

/** A firing trigger, and what its past says about the release. */
export interface FiringTrigger {
  readonly trigger: Trigger;
  readonly status: TriggerStatus;
  /** Undefined while no release is known, or the time before it was not read yet. */
  readonly blame: Blame | undefined;
  /** When the trigger's present meaning came into force, epoch ms by the clock that its slots are told by. */
  readonly loadedAt: number;
  /** How far the clock that its slots are told by is ahead of this one, in ms. Default 0. */
  readonly aheadMs?: number;
  /** What came of asking a person; absent while nobody was asked, or nobody has answered. */
  readonly answer?: Answer;
  /** What its `unless` has against it, at this instant. */
  readonly veto?: Veto;
}

/** What stands above any single target. Each names itself with the sentence that people will read. */
export interface Gates {
  readonly logUnwritable: string | undefined;
  readonly notLeader: string | undefined;
  readonly frozen: string | undefined;
  /** The freezes in force, the one that ends last first; absent where none is. */
  readonly freezes?: readonly Freeze[];
  readonly massBreach: string | undefined;
}

/** The answer to a last look at Prometheus and at the target, taken because everything else said "roll back". */
export interface Confirmation {
  /** Why the trigger is not confirmed to fire still; undefined when it is. */
  readonly notFiring: string | undefined;
  /** Why the target could not be looked at; undefined when it could. */
  readonly unseen: string | undefined;
  /** What the target runs instead; undefined when it still runs the release in question. */
  readonly movedTo: string | undefined;
}

/** Why the policy's precheck does not let the release be undone: it says no, or it could not be heard. */
export interface Objection {
  /** A sentence. */
  readonly detail: string;
  /** What it printed. */
  readonly output?: string;
}

/** A rollback whose verification passed. */
export interface VerifiedRollback {
  readonly decisionId: string;
  /** Epoch ms. */
  readonly at: number;
  /** What was put back. */
  readonly toDigest: string;
}

/** Everything a decision about one target depends on, at one instant. */
export interface Situation {
  readonly at: number;
  readonly policy: Policy;
  readonly firing: readonly FiringTrigger[];
  readonly release: Release | undefined;
  /** Where that is undefined: why what the target runs cannot be seen. */
  readonly unseen?: string;
  /** Newest first, without the running one. */
  readonly earlier: readonly Revision[];
  /** Some trigger was breaching when the release replaced its predecessor. */
  readonly predecessorBreaching: boolean;
  /** Acts on this target, from the log and from the target itself. */
  readonly rollbacks: readonly PastRollback[];
  /** The last rollback of this target, if its verification passed. */
  readonly verified?: VerifiedRollback;
  /** The last time a rollback of this target was begun that changed something or may have, epoch ms. */
  readonly lastAttemptAt: number | undefined;
  /** When a rollback of this target last ended because every trigger that fired was healthy again, epoch ms. */
  readonly unconfirmedAt?: number | undefined;
  /** The last rollback of this release, which did not get through; absent once what it depends on has changed. */
  readonly givenUp?: { readonly at: number; readonly reason: string; readonly to: string };
  /** About images, running or not; absent where no trigger asks for them. */
  readonly reports?: readonly ImageReport[];
  /** Who else has a say in what the target runs. */
  readonly owners?: readonly GitOpsOwner[];
  /** Why what would be put back would not take effect. */
  readonly heldBack?: readonly HeldBack[];
  /** Whether pods of the revision to go back to find what they need; absent where that was not looked at. */
  readonly needed?: Needed;
  /** Why it would act on the same thing as another policy does, and what to do about that. */
  readonly clash?: string;
  readonly gates: Gates;
  /** Absent: none was made, or it was not asked yet. */
  readonly objection?: Objection;
  /** Undefined: not asked yet. */
  readonly confirmation: Confirmation | undefined;
}
