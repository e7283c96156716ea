import type { TriggerState } from "../engine/trigger-status.ts";
import type { DecisionRecord, LogRecord, MissingRights } from "../log/record.ts";
import type { LoadedHashes } from "../rules/changes.ts";
import type { LoggedRelease } from "../releases/logged-release.ts";
import type { ScriptRollback } from "../releases/script-release.ts";
import { type Freezes, NO_FREEZES } from "../decisions/freeze.ts";
import type { VerifiedRollback } from "../decisions/situation.ts";
import { emptyMemory, fold, type RecordedRelease, type UnknownSpell } from "./history-fold.ts";
import type { Hold } from "./hold-fold.ts";
import { createLastRollbacks, type LastRollback } from "./last-rollback.ts";
import { type GivenUp, type OpenRollback, pastOf } from "./rollback-fold.ts";
import type { Approval } from "./people-fold.ts";

/** What the log says that the daemon needs to go on where it stopped. A view of the log, never more than it. */
export interface History {
  /** Folds one more record in. */
  readonly apply: (record: LogRecord) => void;
  /** Acts on a target, oldest first. */
  readonly rollbacks: (target: string) => readonly ScriptRollback[];
  /** Those of them that did what they were to do. */
  readonly acted: (target: string) => readonly ScriptRollback[];
  /** All of them, and the one that may be under way. */
  readonly begun: (target: string) => readonly ScriptRollback[];
  /** When a rollback of the target was last begun that changed something or may have. */
  readonly lastAttemptAt: (target: string) => number | undefined;
  /** The newest rollback of a target that has ended. */
  readonly lastRollback: (target: string) => LastRollback | undefined;
  /** The last rollback of a target, if it was given up and nothing it depends on has changed since. */
  readonly givenUp: (target: string) => GivenUp | undefined;
  /** When a rollback of the target last ended because every trigger that fired was healthy again, epoch ms. */
  readonly unconfirmedAt: (target: string) => number | undefined;
  readonly open: (target: string) => OpenRollback | undefined;
  /** The last rollback of the target, if it was verified. */
  readonly verified: (target: string) => VerifiedRollback | undefined;
  /** Of all targets. */
  readonly allOpen: () => readonly OpenRollback[];
  /** Since when a trigger has meant what `hash` says; undefined if the log does not know this meaning. */
  readonly loadedAt: (policy: string, trigger: string, hash: string) => number | undefined;
  /** By policy and trigger: what the rules last loaded mean. */
  readonly loadedHashes: () => LoadedHashes;
  /** The state last recorded; "inactive" when none was. */
  readonly triggerState: (policy: string, trigger: string) => TriggerState;
  /** What is on record of a trigger that is unknown. */
  readonly unknown: (policy: string, trigger: string) => UnknownSpell | undefined;
  /** Triggers whose last recorded state is another than inactive. */
  readonly unresolved: (policy: string) => readonly string[];
  /** Whether the state last recorded of any trigger is firing. */
  readonly isFiring: (policy: string) => boolean;
  /** The last decision of the present episode; undefined once everything that fired has resolved. */
  readonly lastDecision: (policy: string) => DecisionRecord | undefined;
  /** The release last recorded for a policy, and how far its records got. */
  readonly release: (policy: string) => RecordedRelease | undefined;
  /** Since when (epoch ms) the rules have had a checkpoint so many ms after the clock of a release. */
  readonly planned: (policy: string) => ReadonlyMap<number, number>;
  /** The releases of a target, oldest first, the newest few. */
  readonly releases: (target: string) => readonly LoggedRelease[];
  /** Digests that were proven good on a target. */
  readonly promoted: (target: string) => ReadonlySet<string>;
  /** Since when a policy has been blind (epoch ms), and whether it only observed; undefined where it is not blind on record. */
  readonly blind: (policy: string) => { readonly since: number; readonly observes: boolean } | undefined;
  /** Rights of rollbackd's account that are on record as missing and not granted since. */
  readonly missingRights: () => readonly MissingRights[];
  /** By the rules last loaded. */
  readonly isInForce: (policy: string) => boolean;
  readonly freezes: (policy: string) => Freezes;
  /** How long a freeze or a veto has held what fires; undefined outside an episode. */
  readonly hold: (policy: string) => Hold | undefined;
  /** The end that was last announced before it came, epoch ms. */
  readonly announcedEnd: (policy: string) => number | undefined;
  /** Askings of a policy, oldest first. */
  readonly approvals: (policy: string) => readonly Approval[];
  readonly approval: (decisionId: string) => Approval | undefined;
  /** A person's decision to roll back whose rollback has not begun. */
  readonly unbegun: (target: string) => DecisionRecord | undefined;
}

export function createHistory(): History {
  const memory = emptyMemory();
  const last = createLastRollbacks();
  return {
    apply: (record) => {
      fold(memory, record);
      last.apply(record);
    },
    rollbacks: (target) => memory.rollbacks.get(target) ?? [],
    acted: (target) => (memory.rollbacks.get(target) ?? []).filter(({ isUncertain }) => isUncertain !== true),
    begun: (target) => {
      const open = memory.open.get(target);
      const past = memory.rollbacks.get(target) ?? [];
      return open === undefined || open.appliedAt !== undefined ? past : [...past, pastOf(open)];
    },
    lastAttemptAt: (target) => memory.attempts.get(target),
    lastRollback: last.of,
    givenUp: (target) => memory.givenUp.get(target),
    unconfirmedAt: (target) => memory.unconfirmed.get(target),
    open: (target) => memory.open.get(target),
    verified: (target) => memory.verified.get(target),
    allOpen: () => [...memory.open.values()],
    loadedAt: (policy, trigger, hash) => {
      const known = memory.rules.get(policy)?.get(trigger);
      return known?.hash === hash ? known.loadedAt : undefined;
    },
    loadedHashes: () =>
      new Map(
        [...memory.rules].map(([policy, triggers]) => [
          policy,
          new Map([...triggers].map(([trigger, { hash }]) => [trigger, hash])),
        ]),
      ),
    triggerState: (policy, trigger) => memory.states.get(policy)?.get(trigger) ?? "inactive",
    unknown: (policy, trigger) => memory.unknown.get(policy)?.get(trigger),
    unresolved: (policy) => [...(memory.states.get(policy)?.keys() ?? [])],
    isFiring: (policy) => [...(memory.states.get(policy)?.values() ?? [])].includes("firing"),
    lastDecision: (policy) => memory.decisions.get(policy),
    release: (policy) => memory.release.get(policy),
    planned: (policy) => memory.planned.get(policy) ?? new Map(),
    releases: (target) => memory.releases.get(target) ?? [],
    promoted: (target) => memory.promoted.get(target) ?? new Set(),
    blind: (policy) => memory.blind.get(policy),
    missingRights: () => memory.missingRights,
    isInForce: (policy) => memory.rules.has(policy),
    freezes: (policy) => memory.people.freezes.get(policy) ?? NO_FREEZES,
    hold: (policy) => memory.people.holds.get(policy),
    announcedEnd: (policy) => memory.people.announcedEnds.get(policy),
    approvals: (policy) =>
      [...memory.people.approvals.values()].filter(({ decision }) => decision.policy === policy),
    approval: (decisionId) => memory.people.approvals.get(decisionId),
    unbegun: (target) => memory.people.unbegun.get(target),
  };
}
