import { isGuarded } from "../releases/guard.ts";
import type { Policy } from "../rules/policy.ts";
import { formatDuration, formatInstant } from "../text/format.ts";
import { type Freezes, frozenGate, frozenUntil } from "./freeze.ts";
import type { HoldReason } from "./reason.ts";
import type { Situation } from "./situation.ts";

/** One rule that keeps automation from rolling a target back now. */
export interface Wait {
  readonly reason: HoldReason;
  /** A sentence without its full stop. */
  readonly detail: string;
  /** When it ends, epoch ms; undefined where time alone does not end it. */
  readonly until?: number;
}

/** When automation may roll a target back, if a trigger fires. */
export interface MayAct {
  /** Epoch ms, not in the past; undefined where something else than time has to change first. */
  readonly from: number | undefined;
  /** End of the guard period of the release, epoch ms; undefined where it has none. */
  readonly until: number | undefined;
  /** In the order in which decisions weigh them. */
  readonly waits: readonly Wait[];
  /** A person has to approve it then. */
  readonly asks: boolean;
}

type About = Pick<Situation, "at" | "policy" | "release" | "rollbacks" | "lastAttemptAt">;

/** End of the cooldown of a target, epoch ms; undefined where it is over or never began. */
export function cooldownEnd({ at, policy, rollbacks, lastAttemptAt }: About): number | undefined {
  const begun = [
    ...(lastAttemptAt === undefined ? [] : [lastAttemptAt]),
    ...rollbacks.map((each) => each.at),
  ];
  const end = Math.max(...begun) + policy.cooldownMs;
  return end > at ? end : undefined;
}

/** Rollbacks of a target within the span of its budget, oldest first. */
export function spentAt({ at, policy, rollbacks }: About): readonly number[] {
  return rollbacks
    .map((each) => each.at)
    .filter((each) => at - each < policy.budget.perMs)
    .toSorted((a, b) => a - b);
}

/** When the budget of a target has a rollback again, epoch ms; undefined where it has one now, or never will. */
export function budgetFreeAt(about: About): number | undefined {
  const { rollbacks: allowed, perMs } = about.policy.budget;
  const spent = spentAt(about);
  const last = spent[spent.length - allowed];
  return last === undefined ? undefined : last + perMs;
}

/** What a policy waits for before it may act; nothing that only a firing trigger shows is weighed. */
export function mayAct(about: About, freezes: Freezes): MayAct {
  const { at, policy, release } = about;
  const end = guardEnd(about);
  const waits = [...frozen(freezes, about), ...guarded(about), ...rationed(about), ...modes(policy)];
  const ends = waits.map(({ until }) => until ?? Number.POSITIVE_INFINITY);
  const from = Math.max(at, ...ends);
  const isTooLate = Number.isFinite(from) && end !== undefined && from > end;
  const asks =
    !policy.triggers.some(({ mode }) => mode === "enforce") &&
    waits.every(({ reason }) => reason !== "observe-mode");
  if (!isTooLate) return { from: Number.isFinite(from) ? from : undefined, until: end, waits, asks };
  const detail = `the guard period of ${release?.id ?? "the release"} ends before that, at ${formatInstant(end)}`;
  return { from: undefined, until: end, waits: [...waits, { reason: "outside-guard-period", detail }], asks };
}

/** A vulnerability may act at any age of a release. */
function guardEnd({ policy: { guard, triggers }, release }: About): number | undefined {
  if (guard === "always" || release?.clockAt === undefined) return undefined;
  return triggers.some(({ kind }) => kind === "vulnerability") ? undefined : release.clockAt + guard;
}

function frozen(freezes: Freezes, { at, policy: { intervalMs } }: About): readonly Wait[] {
  const detail = frozenGate(freezes, { at, intervalMs });
  const until = frozenUntil(freezes, { at, intervalMs });
  if (detail === undefined || until === undefined) return [];
  return [{ reason: "frozen", detail, ...(Number.isFinite(until) && { until }) }];
}

/** Only the next release ends these. */
function guarded(about: About): readonly Wait[] {
  const { at, policy, release } = about;
  if (release === undefined)
    return [{ reason: "outside-guard-period", detail: "no release of the target is known" }];
  if (release.cause === "rollback") {
    const detail = `${release.revision.name} is itself what rollbackd put back; the next release may be rolled back`;
    return [{ reason: "no-known-good-revision", detail }];
  }
  if (policy.guard === "always" || guardEnd(about) === undefined || isGuarded(release, policy.guard, at))
    return [];
  const detail = `the guard period of ${release.id} is over; the next release may be rolled back`;
  return [{ reason: "outside-guard-period", detail }];
}

function rationed(about: About): readonly Wait[] {
  const { cooldownMs, budget } = about.policy;
  const cooled = cooldownEnd(about);
  const free = budgetFreeAt(about);
  const spent = spentAt(about).length;
  return [
    ...(cooled === undefined
      ? []
      : [
          { reason: "cooldown", detail: `cooldown of ${formatDuration(cooldownMs)}`, until: cooled } as const,
        ]),
    ...(spent < budget.rollbacks
      ? []
      : [
          {
            reason: "budget-exhausted",
            detail: `budget of ${budget.rollbacks} in ${formatDuration(budget.perMs)} is used up`,
            ...(free !== undefined && { until: free }),
          } as const,
        ]),
  ];
}

function modes({ triggers }: Policy): readonly Wait[] {
  if (triggers.some(({ mode }) => mode !== "observe")) return [];
  return [{ reason: "observe-mode", detail: "every trigger is in observe mode" }];
}
