import type { Release, Revision } from "./release.ts";

/** Share of slots that must have been known for a quiet hour to prove anything. */
const PROVEN_COVERAGE = 0.8;

export interface Proof {
  /** Slots of the release's life that were known, and all of them. */
  readonly known: number;
  readonly total: number;
  readonly lastFiringAt: number | undefined;
}

export const NO_PROOF: Proof = { known: 0, total: 0, lastFiringAt: undefined };

/**
 * A revision is good when it was live for `provenAfterMs`, seen for most of it, and nothing fired in that time.
 * One proof per trigger.
 */
export function isProven(
  release: Pick<Release, "clockAt" | "revision">,
  proofs: readonly Proof[],
  provenAfterMs: number,
  at: number,
): boolean {
  if (release.revision.standing === "quarantined" || release.clockAt === undefined) return false;
  return (
    at - release.clockAt >= provenAfterMs &&
    proofs.length > 0 &&
    proofs.every((proof) => proof.known > 0 && proof.known >= PROVEN_COVERAGE * proof.total) &&
    proofs.every((proof) => proof.lastFiringAt === undefined || at - proof.lastFiringAt >= provenAfterMs)
  );
}

/**
 * Where to roll back to: the newest revision proven good; else the immediate predecessor, unless it was rolled
 * back from or was breaching when it was replaced; else nowhere. `earlier` is newest first.
 * What rollbackd itself put back is not rolled back further: that would walk down the history under a fault
 * that no release explains.
 */
export function chooseTarget(
  release: Release,
  earlier: readonly Revision[],
  predecessorBreaching: boolean,
): Revision | undefined {
  if (release.cause === "rollback") return undefined;
  const others = earlier.filter(({ digest }) => digest !== release.revision.digest);
  const good = others.find(({ standing }) => standing === "good");
  if (good !== undefined) return good;
  const predecessor = others.find(({ digest }) => digest === release.previous?.digest);
  return predecessor?.standing === "unproven" && !predecessorBreaching ? predecessor : undefined;
}
