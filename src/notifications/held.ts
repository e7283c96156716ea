import type { HeldReason } from "../rollback/act.ts";

/** What can hold a rollback between two tries; the others are told apart from failures, or have texts of their own. */
export type Held = Exclude<HeldReason, "superseded" | "frozen" | "target-not-ready">;

/** What happened, as the end of "the rollback failed: …", and the next step, a sentence. */
export const HELD: Readonly<Record<Held, readonly [what: string, next: string]>> = {
  "log-unwritable": [
    "its decision log could not be written",
    "Free space or repair the volume of the data folder.",
  ],
  "not-leader": ["another replica leads by now", "Nothing to do: the replica that leads decides."],
  "mass-breach": [
    "many targets began to fire at once",
    "Look for a shared cause (network, database, Prometheus itself) before blaming a release.",
  ],
  "outside-guard-period": [
    "the guard period of the release ended before it got through",
    "Roll back by hand if users are affected.",
  ],
  "breach-predates-release": [
    "the breach began before the release",
    "Look for its cause before the release.",
  ],
  "window-before-release": [
    "the breach does not count against the release",
    "Nothing to do: it acts when a whole window counts, if it still fires.",
  ],
  "rule-changed": [
    "the rules changed before it got through",
    "Check the new rules: the release is judged by them from now on.",
  ],
  "release-not-reversible": [
    "the release can no longer be undone",
    "Decide by hand: fix forward, or undo the migration first.",
  ],
  vetoed: [
    "a veto came before it got through",
    "Look at the veto's query: something else explains the failure.",
  ],
  cooldown: ["another rollback of the target began", "Look at the last rollback and decide by hand."],
  "budget-exhausted": ["the rollback budget is used up", "Decide by hand."],
  "gitops-owner": [
    "its owner in Git would undo it",
    "Revert the commit that brought the release, or set gitops: suspend in the policy.",
  ],
  "no-known-good-revision": [
    "no earlier revision will do any more",
    "Fix forward, or roll back to a revision that you trust.",
  ],
  "target-same-vulnerability": ["the earlier revision has the same vulnerability", "Ship a fix."],
  "not-confirmed": [
    "the triggers that fired were unknown until its time was over",
    "Find out why nothing is measured; roll back by hand if users are affected.",
  ],
};
