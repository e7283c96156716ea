import type { GitOpsOwner } from "../releases/gitops-owner.ts";
import type { HeldBack } from "../releases/held-back.ts";
import {
  isRevision,
  type PastRollback,
  type Release,
  type Revision,
  type Standing,
  type TargetSnapshot,
} from "../releases/release.ts";
import type { History } from "./history.ts";

export interface TargetFacts {
  readonly release: Release;
  /** Newest first, without the running one. */
  readonly earlier: readonly Revision[];
  readonly rollbacks: readonly PastRollback[];
  readonly owners: readonly GitOpsOwner[];
  readonly heldBack: readonly HeldBack[];
}

/**
 * What the target shows, completed by what the log remembers. Each alone is enough to quarantine a revision
 * or to spend the budget: a replica that lost its log reads the target, a target that forgets has the log.
 */
export function withMemory(
  snapshot: TargetSnapshot,
  history: Pick<History, "rollbacks" | "promoted">,
): TargetFacts {
  const { target, release, owners = [], heldBack = [] } = snapshot;
  const rollbacks = mergeRollbacks(snapshot.rollbacks, history.rollbacks(target));
  const promoted = history.promoted(target);
  const standing = (revision: Revision): Revision => ({
    ...revision,
    standing: standingOf(revision, rollbacks, promoted),
  });
  return {
    release: {
      ...release,
      revision: standing(release.revision),
      previous: release.previous && standing(release.previous),
    },
    earlier: snapshot.earlier.map(standing),
    rollbacks,
    owners,
    heldBack,
  };
}

function standingOf(
  revision: Revision,
  rollbacks: readonly PastRollback[],
  promoted: ReadonlySet<string>,
): Standing {
  const rolledBack = rollbacks.some(({ fromDigest }) => isRevision(revision, fromDigest));
  if (rolledBack || revision.standing === "quarantined") return "quarantined";
  return [...promoted].some((digest) => isRevision(revision, digest)) ? "good" : revision.standing;
}

function mergeRollbacks(
  seen: readonly PastRollback[],
  logged: readonly PastRollback[],
): readonly PastRollback[] {
  const known = new Set(logged.map(({ decisionId }) => decisionId));
  return [...logged, ...seen.filter(({ decisionId }) => !known.has(decisionId))].toSorted(
    (a, b) => a.at - b.at,
  );
}
