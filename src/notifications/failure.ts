import { undoCommand } from "../decisions/undo-command.ts";
import type { DecisionRecord } from "../log/record.ts";
import type { ActFailure } from "../rollback/act.ts";
import { versionOf } from "../releases/version.ts";
import type { VerificationFailure } from "../verification/judge.ts";
import { HELD, type Held } from "./held.ts";

/** Every way in which a rollback that nobody overtook can fail. */
type Failure = Exclude<ActFailure | VerificationFailure, "superseded">;

interface Explained {
  /** What happened, as the end of "the rollback failed: …". */
  readonly what: string;
  /** How the target stands: as it was before, not there, perhaps changed, half changed, or with the earlier revision back. */
  readonly left: "unchanged" | "not-switched" | "gone" | "unclear" | "half" | "restored" | "rolling";
  /** A sentence. */
  readonly next: string;
  /** What a person is asked for is the rollback itself. */
  readonly byHand?: true | "rollbackd";
}

/** What held a rollback between two tries changed nothing. */
function heldBy(texts: typeof HELD): Readonly<Record<Held, Explained>> {
  const explained = ([what, next]: readonly [string, string]): Explained => {
    return { what, left: "unchanged", next, byHand: true };
  };
  return Object.fromEntries(
    Object.entries(texts).map(([reason, text]) => [reason, explained(text)]),
  ) as Readonly<Record<Held, Explained>>;
}

const FAILURES: Readonly<Record<Failure, Explained>> = {
  "target-missing": {
    what: "its target is gone",
    left: "gone",
    next: "Find out who deleted it, and deploy a version that you trust.",
  },
  "revision-missing": {
    what: "nothing is left of the revision to put back",
    left: "unchanged",
    next: "Deploy a version that you trust; there is no earlier version that rollbackd can choose.",
  },
  ...heldBy(HELD),
  frozen: {
    what: "automation was frozen before it acted",
    left: "unchanged",
    next: "Roll back by hand if users are affected, and resume the policy when automation may act again.",
    byHand: true,
  },
  "not-begun": {
    what: "rollbackd was stopped before it began",
    left: "unchanged",
    next: "Ask for it again if it is still wanted.",
  },
  paused: {
    what: "the Deployment is paused",
    left: "unchanged",
    next: "Leave it paused and put the earlier template back by hand; rollbackd then names the command that lets the pods follow.",
    byHand: "rollbackd",
  },
  "target-not-ready": {
    what: "the other colour did not get ready, so nothing was switched",
    left: "not-switched",
    next: "Look at its pods and their events; once they are ready, switch by hand.",
    byHand: true,
  },
  "held-back": {
    what: "no pod of the StatefulSet runs the release by now",
    left: "unchanged",
    next: "Look for another cause first; take the change back by hand before a pod runs it.",
    byHand: "rollbackd",
  },
  "gitops-not-suspended": {
    what: "the owner that keeps the target as it is in Git could not be suspended",
    left: "unchanged",
    next: "Revert the release in Git; or suspend its owner yourself, and roll back by hand then.",
    byHand: true,
  },
  forbidden: {
    what: "rollbackd is not allowed to",
    left: "unchanged",
    next: "With an account that may, roll back by hand; then grant rollbackd what it lacks.",
    byHand: true,
  },
  rejected: {
    what: "the cluster refused the change",
    left: "unchanged",
    next: "Fix or switch off the rule or webhook that refuses it, which would refuse you as well; then roll back by hand.",
    byHand: true,
  },
  conflict: {
    what: "others kept changing the target",
    left: "unchanged",
    next: "Stop the person or tool that keeps changing it; then roll back by hand.",
    byHand: true,
  },
  unreachable: {
    what: "the target could not be reached",
    left: "unclear",
    next: "Find out what it runs as soon as it can be reached; unless it was changed, roll back by hand.",
    byHand: true,
  },
  "script-missing": {
    what: "there is no such script",
    left: "unchanged",
    next: "Now roll back by hand; then correct rollback.script in the rules.",
    byHand: true,
  },
  "script-not-executable": {
    what: "the script may not be executed",
    left: "unchanged",
    next: "Now roll back by hand; then make it executable, or name its interpreter in rollback.script.",
    byHand: true,
  },
  "script-failed": {
    what: "the script failed",
    left: "unclear",
    next: "Read what it printed and look at the target; unless it was changed, roll back by hand.",
    byHand: true,
  },
  "script-timeout": {
    what: "the script took too long and was ended",
    left: "unclear",
    next: "Look at the target, which may be half done; unless it was changed, roll back by hand.",
    byHand: true,
  },
  "partly-applied": {
    what: "only some members of the group were moved",
    left: "half",
    next: "Run the commands above that finish it, or those that go back; members of two releases are not meant to run together.",
  },
  interrupted: {
    what: "it was interrupted, and how far it got is not known",
    left: "unclear",
    next: "Look at the target; unless it was changed, roll back by hand.",
    byHand: true,
  },
  "rollout-timeout": {
    what: "what was put back did not get ready in time",
    left: "rolling",
    next: "Look at its pods and their events; it may still be on its way.",
  },
  "rollout-stalled": {
    what: "what was put back does not get ready",
    left: "rolling",
    next: "Look at its pods and their events: images, quotas, ConfigMaps and Secrets that it needs.",
  },
  "rollout-blocked": {
    what: "the rollout of what was put back waits for a person",
    left: "rolling",
    next: "Run the command that is named above, which rollbackd never runs; the rollout then goes on.",
  },
  "probe-timeout": {
    what: "what was put back does not answer well",
    left: "restored",
    next: "Look at its pods and at what the service depends on; the release may not be the cause.",
  },
  "smoke-failed": {
    what: "the smoke test failed on what was put back",
    left: "restored",
    next: "Read what the test printed, and find out whether the service or the test is wrong.",
  },
  "recovery-timeout": {
    what: "it did not help",
    left: "restored",
    next: "Look for another cause than the release: what the service depends on, its data, its traffic.",
  },
  "recovery-unknown": {
    what: "whether it helped is not known",
    left: "restored",
    next: "Look yourself whether the service is well, and find out why nothing is measured.",
  },
};

/** The next step where somebody else changed the target meanwhile, for a sentence that begins before it. */
export const AFTER_OVERTAKEN =
  "ask who changed it whether that is the fix; what runs now is watched from its own start.";

/** What people are told of a rollback that failed: what happened, how the target stands, what to do. */
interface FailureText {
  readonly what: string;
  readonly left: string;
  readonly next: string;
  /** The command for that; empty where there is none. */
  readonly command: string;
}

/** Undefined for a reason that this version does not know, as in a log that a newer one wrote. */
export function failureText(
  reason: string,
  target: string,
  decision: Decided | undefined,
): FailureText | undefined {
  if (!isFailure(reason)) return undefined;
  const { what, left, next, byHand } = FAILURES[reason];
  const { from, to } = decision ?? {};
  return {
    what,
    left: leftText(
      mayBeScaled(left, decision),
      target,
      from && versionOf(from, to),
      to && versionOf(to, from),
    ),
    next,
    command: commandFor(byHand, target, decision),
  };
}

type Decided = Pick<DecisionRecord, "policy" | "from" | "to" | "byHand">;

/** `kubectl rollout undo` refuses a paused Deployment and says to resume it, which would roll the release out. */
function commandFor(byHand: Explained["byHand"], target: string, decision: Decided | undefined): string {
  if (byHand === undefined) return "";
  if (byHand === "rollbackd" && decision !== undefined) {
    return decision.byHand ?? `rollbackd rollback ${decision.policy} --reason other`;
  }
  return decision?.byHand ?? undoCommand(target, decision?.from?.revision, decision?.to?.revision);
}

/** Every reason of a rollback that failed. */
export const FAILURE_REASONS: readonly string[] = [...Object.keys(FAILURES), "superseded"];

function isFailure(reason: string): reason is Failure {
  return Object.hasOwn(FAILURES, reason);
}

/** Of targets that are switched, whose page has a command of its own, one colour is scaled before anything else. */
function mayBeScaled(
  left: Explained["left"],
  decision: Pick<DecisionRecord, "byHand"> | undefined,
): Explained["left"] {
  return left === "unchanged" && decision?.byHand !== undefined ? "not-switched" : left;
}

function leftText(
  left: Explained["left"],
  target: string,
  from = "the release",
  to = "the earlier one",
): string {
  switch (left) {
    case "unchanged":
      return `Nothing was changed: ${target} still runs ${from}.`;
    case "gone":
      return "Nothing was changed.";
    case "not-switched":
      return `${target} still runs ${from}; the other colour may have been scaled up, and stays so.`;
    case "unclear":
      return `Whether ${target} still runs ${from} is not known.`;
    case "half":
      return `${target} runs ${from} in part and ${to} in part.`;
    case "rolling":
      return `The template of ${to} is in force on ${target}, but not all of its pods run; the others still run ${from} or are gone.`;
    case "restored":
      return `${to} was put back in the place of ${from}.`;
  }
}
