import { leftToPeople } from "../releases/held-back.ts";
import { isBetween } from "../releases/group.ts";
import { writerText } from "../releases/gitops-owner.ts";
import { isRevision, type Release, revisionText, type TargetSnapshot } from "../releases/release.ts";
import type { Lookup } from "../releases/watch.ts";
import type { RollbackOrder } from "../rollback/act.ts";
import type { RolloutFact } from "./judge.ts";

/**
 * What the newest look at the target says about an order that was carried out. `before` is the fact so far;
 * a complete rollout stays complete, and a look that failed changes nothing.
 */
export function rolloutFact(
  order: RollbackOrder,
  lookup: Lookup,
  at: number,
  before: RolloutFact | undefined,
): RolloutFact {
  const { target } = order.policy;
  if (target.kind === "script" && target.releaseExpr === undefined) {
    return { kind: "not-observed", detail: "the policy has no release.expr" };
  }
  if (!lookup.ok) return before ?? running(`${order.target} cannot be seen: ${lookup.detail}`);
  const { release, rollout, uid } = lookup.snapshot;
  const { revision } = release;
  const { name } = revision;
  if (uid !== order.uid) return { kind: "superseded", detail: `${order.target} was deleted and made anew` };
  if (!isRevision(revision, order.to.digest) && !isRevision(revision, order.from.digest)) {
    return somethingElse(order, lookup.snapshot, before);
  }
  if (isRevision(revision, order.from.digest)) {
    const again = `${order.target} runs ${name} again, which was rolled back${written(release)}`;
    return before?.kind === "complete" || isBack(release, order)
      ? { kind: "superseded", detail: again }
      : running(`${order.target} still runs ${name} (${rollout.detail})`);
  }
  if (before?.kind === "complete") return before;
  return restored(order, lookup.snapshot, at);
}

/** The earlier template is back; pods may not follow it before a person does something. */
function restored(order: RollbackOrder, snapshot: TargetSnapshot, at: number): RolloutFact {
  const { rollout, heldBack = [] } = snapshot;
  const left = leftOf(order, snapshot);
  if (left.length === 0) return progressOf(rollout, at);
  const detail = [rollout.detail, ...left].join("; ");
  // The controller ends a rollout under a pause where the earlier pods are all still there.
  const isOnlyPaused = rollout.complete && heldBack.every(({ kind }) => kind === "paused");
  return isOnlyPaused
    ? { kind: "complete", at, detail }
    : { kind: "running", stalled: false, blocked: true, detail };
}

function progressOf(
  { complete, stalled, blockedBy, detail }: TargetSnapshot["rollout"],
  at: number,
): RolloutFact {
  if (complete) return { kind: "complete", at, detail };
  return { kind: "running", stalled, ...(blockedBy !== undefined && { blocked: true }), detail };
}

/** The earlier template is back: what still has to be done for pods to follow it, and only a person does. */
function leftOf({ from, to }: RollbackOrder, { heldBack = [] }: TargetSnapshot): readonly string[] {
  return heldBack.flatMap((held) => {
    const { member } = held;
    if (member === undefined) return leftToPeople(held, from.digest) ?? [];
    const [was, is] = [from.members?.[member]?.digest, to.members?.[member]?.digest];
    return was === undefined || was === is ? [] : (leftToPeople(held, was) ?? []);
  });
}

/** Members are seen to change one by one; a group that stays in between is half done, and nobody overtook it. */
function somethingElse(
  { target, from, to }: RollbackOrder,
  { release, rollout }: TargetSnapshot,
  before: RolloutFact | undefined,
): RolloutFact {
  const { revision } = release;
  if (before?.kind !== "complete" && isBetween(revision, from, to)) {
    return running(
      `${target} runs ${revisionText(revision)}, not yet ${revisionText(to)} as a whole (${rollout.detail})`,
    );
  }
  return {
    kind: "superseded",
    detail: `${target} now runs ${revisionText(revision)}, not ${revisionText(to)}${written(release)}`,
  };
}

/** Not what was to be rolled back and is still there, but that a second time, as the cluster dates it. */
function isBack({ id, writtenBy }: Release, { release }: RollbackOrder): boolean {
  return writtenBy !== undefined && id !== release;
}

function written({ writtenBy }: Release): string {
  return writtenBy === undefined ? "" : `; ${writerText(writtenBy)} wrote it`;
}

function running(detail: string): RolloutFact {
  return { kind: "running", stalled: false, detail };
}
