import type { Decision } from "./decision.ts";
import type { HoldReason } from "./reason.ts";

/** What a responder can do about a decision not to act; the last sentence of its summary. */
export function nextStep({ decision, reason }: Exclude<Decision, { decision: "rollback" }>): string {
  if (decision === "escalate" && reason === "not-confirmed") return LOOK_YOURSELF;
  if (decision === "hold" && reason === "awaiting-approval") return ANSWERED;
  return decision === "escalate" && reason === "vetoed" ? MEND_VETO : NEXT_STEP[reason];
}

/** Nobody can say that all is well with a target that cannot be seen. */
const LOOK_YOURSELF =
  "Look at the target yourself and roll back by hand if users are affected; it is looked at again in every slot.";

/** It was rejected, or nobody answered in time: there is nothing left to answer. */
const ANSWERED =
  "Roll back by hand if users need it after all; once it has recovered, the next breach asks anew.";

/** Whoever wrote a veto wants it heard, and nobody can say what it would have said. */
const MEND_VETO =
  "Find out why the veto's query has no usable answer, and roll back by hand if users are affected; it is asked again in every slot.";

const NEXT_STEP: Readonly<Record<HoldReason, string>> = {
  "log-unwritable":
    "Free space or repair the volume of the data folder, and roll back by hand until then if users are affected.",
  "not-leader": "Nothing to do: the replica that leads decides.",
  frozen: "Resume the policy when automation may act again.",
  "mass-breach": "Look for a shared cause (network, database, Prometheus itself) before blaming a release.",
  "outside-guard-period":
    "No release is recent enough to blame: handle it as an incident; a release can still be rolled back by hand.",
  "breach-predates-release":
    "The release came into an ongoing incident: look for its cause before the release.",
  "window-before-release": "Nothing to do: it acts when a whole window counts, if it still fires.",
  "rule-changed":
    "Check the new rule; it acts when a whole window began after the change, if it still fires.",
  superseded: "Nothing to do: the new release is watched from its own start.",
  "release-not-reversible": "Decide by hand: fix forward, or undo the migration first.",
  vetoed: "Look at the veto's query: something else explains the failure.",
  cooldown: "Look at the last rollback and decide by hand; it was recent and the target fires again.",
  "budget-exhausted": "Decide by hand: another automatic rollback today would be one too many.",
  "rollback-failed":
    "Roll back by hand. rollbackd tries again after a change of its rights, of the target or of the rules, or after a command from you.",
  "gitops-owner":
    "Revert the commit that brought the release; gitops: suspend (or warn) in the policy lets rollbackd act next time.",
  "no-known-good-revision": "Decide by hand: fix forward, or roll back to a revision that you trust.",
  "target-same-vulnerability":
    "Ship a fix: the earlier revision has a vulnerability that counts as well, or is not known to be without this one.",
  "target-not-ready":
    "Fix that first, by hand: it is looked at again in every slot, and until then nothing can be put back.",
  "not-confirmed": "Nothing to do: it is looked at again in the next slot.",
  "awaiting-approval": "Approve or reject it; nothing is done without you.",
  "observe-mode": "Set mode: enforce on the policy and the trigger when it should act automatically.",
};
