import { formatDuration, formatInstant } from "../text/format.ts";
import { isGuarded } from "../releases/guard.ts";
import { recorded, type Release } from "../releases/release.ts";
import { versionOf } from "../releases/version.ts";
import { chooseTarget } from "../releases/standing.ts";
import { breachBefore, windowBefore } from "./blame-sentence.ts";
import { ownedElsewhere } from "./gitops.ts";
import { heldBack } from "./held-back.ts";
import { missingNeeds } from "./needed.ts";
import { budgetFreeAt, cooldownEnd, spentAt } from "./may-act.ts";
import { HOLD_REASONS, type HoldReason, kindOf } from "./reason.ts";
import type { FiringTrigger, Situation } from "./situation.ts";
import { vulnerableTarget } from "./vulnerable-target.ts";

export interface Obstacle {
  readonly reason: HoldReason;
  readonly kind: "hold" | "escalate";
  /** A sentence with the numbers. */
  readonly detail: string;
}

/** What would stand in the way: a sentence, or undefined when nothing does. */
type Check = (situation: Situation, firing: FiringTrigger) => string | undefined;

/** Those that are about the target, whatever fires. */
export const TARGET_CHECKS: Partial<Record<HoldReason, (situation: Situation) => string | undefined>> = {
  "log-unwritable": ({ gates }) => gates.logUnwritable,
  "not-leader": ({ gates }) => gates.notLeader,
  frozen: ({ gates }) => gates.frozen,
  "mass-breach": ({ gates }) => gates.massBreach,
  "outside-guard-period": outsideGuard,
  superseded: ({ confirmation }) => confirmation?.movedTo && `the target now runs ${confirmation.movedTo}`,
  "release-not-reversible": ({ release, objection }) =>
    release?.reversible === false ? `${named(release)} is marked as not reversible` : objection?.detail,
  cooldown,
  "budget-exhausted": budgetExhausted,
  "rollback-failed": gaveUp,
  "gitops-owner": ownedElsewhere,
  "no-known-good-revision": noTarget,
  "target-not-ready": (situation) => situation.clash ?? heldBack(situation) ?? missingNeeds(situation),
};

const CHECKS: Partial<Record<HoldReason, Check>> = {
  ...TARGET_CHECKS,
  // A vulnerability is in the image, however long it has been running.
  "outside-guard-period": (situation, { trigger }) =>
    trigger.kind === "vulnerability" && situation.release !== undefined ? undefined : outsideGuard(situation),
  // That a rollback came into a breach is its nature, and says nothing about what was put back.
  "breach-predates-release": ({ release, at }, { blame }) =>
    release !== undefined && blame?.verdict === "breach-predates-release" && release.cause !== "rollback"
      ? breachBefore(release, blame, at)
      : undefined,
  "window-before-release": windowNotWhole,
  "rule-changed": (_, { status, loadedAt, trigger }) =>
    status.window.from < loadedAt
      ? trigger.kind === "vulnerability"
        ? `the rule was loaded at ${formatInstant(loadedAt)}, after this was known; it may act on a report that comes after that`
        : `the rule was loaded at ${formatInstant(loadedAt)}, inside the window; it may act once a whole window began after that`
      : undefined,
  vetoed: (_, { veto }) => veto?.detail,
  "target-same-vulnerability": vulnerableTarget,
  "not-confirmed": (situation, firing) =>
    windowBeforeRecovery(situation, firing) ??
    situation.confirmation?.notFiring ??
    situation.confirmation?.unseen ??
    (situation.unseen && `what the target runs cannot be seen: ${situation.unseen.replace(/\.$/u, "")}`),
  "awaiting-approval": (_, { trigger, answer }) => {
    if (trigger.mode !== "approve" || answer?.kind === "approved") return undefined;
    return answer === undefined ? "a person has to approve it" : answer.detail;
  },
  "observe-mode": (_, { trigger }) =>
    trigger.mode === "observe" ? "the trigger is in observe mode" : undefined,
};

/** All that stands in the way of rolling back because of this trigger, in order. */
export function obstaclesTo(situation: Situation, firing: FiringTrigger): readonly Obstacle[] {
  return HOLD_REASONS.flatMap((reason) => {
    const detail = CHECKS[reason]?.(situation, firing);
    return detail === undefined ? [] : [{ reason, kind: kindIn(situation, firing, reason), detail }];
  });
}

/** A trigger that went quiet is no news; one that still fires on a target that nobody can see is. */
function kindIn(
  { confirmation, unseen }: Situation,
  { answer, trigger, veto }: FiringTrigger,
  reason: HoldReason,
): Obstacle["kind"] {
  if (reason === "vetoed" && veto?.value === undefined) return "escalate";
  // Whoever was asked has been paged for it.
  if (reason === "awaiting-approval" && answer !== undefined) return "hold";
  // No window ends that could be waited for: until the next scan somebody has to decide.
  if (reason === "rule-changed" && trigger.kind === "vulnerability") return "escalate";
  const isExposed = confirmation?.notFiring === undefined && (confirmation?.unseen ?? unseen) !== undefined;
  return reason === "not-confirmed" && isExposed ? "escalate" : kindOf(reason);
}

function named({ revision }: Release): string {
  return versionOf(recorded(revision));
}

function outsideGuard({ release, unseen, policy, at }: Situation): string | undefined {
  // A target that cannot be seen may run a release that is to blame.
  if (unseen !== undefined) return undefined;
  if (release === undefined) return "no release of the target is known";
  const { guard } = policy;
  if (guard === "always" || isGuarded(release, guard, at)) return undefined;
  const age = formatDuration(at - (release.clockAt ?? at));
  return `${named(release)} has been live for ${age}, longer than the guard period of ${formatDuration(guard)}`;
}

function windowNotWhole({ release, at }: Situation, { blame, status }: FiringTrigger): string | undefined {
  if (release === undefined) return undefined;
  if (blame === undefined) return `how things stood before ${named(release)} is not known yet`;
  return blame.verdict === "window-before-release"
    ? windowBefore(release, blame, { windowFrom: status.window.from, at })
    : undefined;
}

function cooldown(situation: Situation): string | undefined {
  const { policy, at } = situation;
  const end = cooldownEnd(situation);
  if (end === undefined) return undefined;
  const age = formatDuration(at - (end - policy.cooldownMs));
  return `the last rollback of the target began ${age} ago, and its cooldown of ${formatDuration(policy.cooldownMs)} ends at ${formatInstant(end)}`;
}

function budgetExhausted(situation: Situation): string | undefined {
  const { rollbacks: allowed, perMs } = situation.policy.budget;
  const spent = spentAt(situation).length;
  if (spent < allowed) return undefined;
  const free = budgetFreeAt(situation);
  const next = free === undefined ? "" : `; the next one is possible at ${formatInstant(free)}`;
  return `${spent} of ${allowed} rollbacks in ${formatDuration(perMs)} are spent${next}`;
}

/** What was healthy between two tries of a rollback has to breach for a whole window again. */
function windowBeforeRecovery(
  { unconfirmedAt }: Situation,
  { status, trigger, aheadMs = 0 }: FiringTrigger,
): string | undefined {
  if (unconfirmedAt === undefined || status.window.from > unconfirmedAt + aheadMs) return undefined;
  const again = trigger.kind === "health" ? `${trigger.failures} probe results` : "a whole window";
  return `a rollback ended at ${formatInstant(unconfirmedAt)} because the trigger was healthy; it may act once ${again} began after that`;
}

function gaveUp({ givenUp, release, earlier, predecessorBreaching }: Situation): string | undefined {
  if (givenUp === undefined || release === undefined) return undefined;
  if (chooseTarget(release, earlier, predecessorBreaching)?.digest !== givenUp.to) return undefined;
  return (
    `the rollback of ${release.id} ended at ${formatInstant(givenUp.at)} without a change (${givenUp.reason}), and ` +
    "nothing that stood in its way has changed since"
  );
}

function noTarget({ release, unseen, earlier, predecessorBreaching }: Situation): string | undefined {
  if (unseen !== undefined) return undefined;
  if (release === undefined) return "no release of the target is known";
  if (chooseTarget(release, earlier, predecessorBreaching) !== undefined) return undefined;
  if (release.cause === "rollback") return `${named(release)} is itself what rollbackd put back`;
  const known = earlier.map((each) => `${versionOf(recorded(each))}, ${each.standing}`).join("; ");
  if (known === "") return nothingBefore(release);
  const why =
    release.nothingBefore ?? (predecessorBreaching ? "the predecessor was breaching too" : undefined);
  return `none of the earlier revisions will do: ${known}${why === undefined ? "" : `; ${why}`}`;
}

function nothingBefore({ revision, nothingBefore: why }: Release): string {
  return why === undefined
    ? `nothing ran before ${versionOf(recorded(revision))}`
    : `there is nothing to go back to from ${versionOf(recorded(revision))}: ${why}`;
}
