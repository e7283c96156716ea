/**
 * Why a firing trigger does not roll back, in the order in which they are weighed: the first that applies is
 * the decision's reason, the others are listed beside it.
 * Escalate: users are exposed and rollbackd will not act, so somebody is paged. Hold: there is nothing to do
 * now, or a person asked for it.
 */
const KINDS = {
  "log-unwritable": "escalate",
  "not-leader": "hold",
  frozen: "hold",
  "mass-breach": "escalate",
  "outside-guard-period": "escalate",
  "breach-predates-release": "escalate",
  "window-before-release": "hold",
  "rule-changed": "hold",
  superseded: "hold",
  "release-not-reversible": "escalate",
  vetoed: "hold",
  cooldown: "escalate",
  "budget-exhausted": "escalate",
  "rollback-failed": "escalate",
  "gitops-owner": "escalate",
  "no-known-good-revision": "escalate",
  "target-same-vulnerability": "escalate",
  "target-not-ready": "escalate",
  "not-confirmed": "hold",
  "awaiting-approval": "escalate",
  "observe-mode": "hold",
} as const satisfies Record<string, "hold" | "escalate">;

export type HoldReason = keyof typeof KINDS;

export const HOLD_REASONS = Object.keys(KINDS) as readonly HoldReason[];

export function kindOf(reason: HoldReason): "hold" | "escalate" {
  return KINDS[reason];
}
