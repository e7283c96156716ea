import type { History } from "../daemon/history.ts";
import { type Approval, isOpen } from "../daemon/people-fold.ts";
import { standingFreeze } from "../daemon/standing-freeze.ts";
import { standing } from "../decisions/freeze.ts";
import { instant } from "./instant.ts";

export interface PeopleSource {
  readonly history: Pick<History, "freezes" | "approvals" | "approval">;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Of a policy. */
export function peopleJson(policy: string, { history, now }: PeopleSource): object {
  const open = history.approvals(policy).findLast((approval) => isPending(approval, now()));
  return { frozen: frozenJson(policy, { history, now }), pendingApproval: open && approvalJson(open) };
}

/** Of a decision: the policy's freeze, and whether this very decision waits. */
export function peopleJsonOf(
  { policy, decisionId }: { readonly policy: string; readonly decisionId: string },
  { history, now }: PeopleSource,
): object {
  const asked = history.approval(decisionId);
  return {
    frozen: frozenJson(policy, { history, now }),
    pendingApproval: asked && isPending(asked, now()) ? approvalJson(asked) : undefined,
  };
}

function isPending(approval: Approval, now: number): boolean {
  return isOpen(approval) && now < approval.untilMs;
}

function approvalJson({ decision, state, by, askedAt, untilMs }: Approval): object {
  const { decisionId, trigger, release, from, to } = decision;
  return {
    decisionId,
    state,
    by,
    trigger,
    release,
    from,
    to,
    askedAt: instant(askedAt),
    until: instant(untilMs),
  };
}

function frozenJson(policy: string, { history, now }: PeopleSource): object | undefined {
  const freezes = standing(history.freezes(policy), now());
  const [last] = freezes;
  if (last === undefined) return undefined;
  const { by, at, untilMs, note } = last;
  return { by, at: instant(at), until: instant(untilMs), note, freezes: freezes.map(standingFreeze) };
}
