/**
 * Why a firing trigger does not roll back, in the order in which they are weighed:
 * the first that applies is the decision's reason, the others are listed beside it.
 */
export const HOLD_REASONS = [
  "log-unwritable",
  "not-leader",
  "frozen",
  "mass-breach",
  "outside-guard-period",
  "breach-predates-release",
  "window-before-release",
  "rule-changed",
  "superseded",
  "release-not-reversible",
  "vetoed",
  "cooldown",
  "budget-exhausted",
  "gitops-owner",
  "no-known-good-revision",
  "target-same-vulnerability",
  "target-not-ready",
  "not-confirmed",
  "awaiting-approval",
  "observe-mode",
] as const;

export type HoldReason = (typeof HOLD_REASONS)[number];

/** Users are exposed and rollbackd will not act, so somebody is paged; or there is nothing to do now, so nobody is. */
export function kindOf(reason: HoldReason): "hold" | "escalate" {
  switch (reason) {
    case "not-leader":
    case "frozen":
    case "window-before-release":
    case "rule-changed":
    case "superseded":
    case "vetoed":
    case "not-confirmed":
    case "observe-mode":
      return "hold";
    case "log-unwritable":
    case "mass-breach":
    case "outside-guard-period":
    case "breach-predates-release":
    case "release-not-reversible":
    case "cooldown":
    case "budget-exhausted":
    case "gitops-owner":
    case "no-known-good-revision":
    case "target-same-vulnerability":
    case "target-not-ready":
    case "awaiting-approval":
      return "escalate";
  }
}
