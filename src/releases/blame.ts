import type { Verdict } from "../engine/verdict.ts";
import type { Release } from "./release.ts";

/** What a trigger's slots say about one release, folded slot by slot; all that blame needs of the past. */
export interface BlameBasis {
  /** The last known slot before the release started; unknown when there is none within one window. */
  readonly before: Verdict;
  /** A healthy slot has been known since the release started. */
  readonly healthySince: boolean;
}

export interface JudgedSlot {
  readonly at: number;
  readonly verdict: Verdict;
}

/**
 * `slots` oldest first. Slots before `startedAt - lookbackMs` are too old to say how things stood
 * at the release; a slot at `startedAt` itself already belongs to it.
 */
export function blameBasis(slots: readonly JudgedSlot[], startedAt: number, lookbackMs: number): BlameBasis {
  const before = slots.findLast(
    ({ at, verdict }) => at < startedAt && at >= startedAt - lookbackMs && verdict !== "unknown",
  );
  return {
    before: before?.verdict ?? "unknown",
    healthySince: slots.some(({ at, verdict }) => at >= startedAt && verdict === "healthy"),
  };
}

export function withSlot(basis: BlameBasis, slot: JudgedSlot, startedAt: number): BlameBasis {
  return slot.verdict === "healthy" && slot.at >= startedAt ? { ...basis, healthySince: true } : basis;
}

export type Blame = "blamed" | "breach-predates-release" | "window-before-release";

/**
 * Is the release to blame for a window that begins at `windowFrom`? Only slots that the release can have
 * caused count, and the whole window must count: where the past was not known to be healthy, a slot counts
 * only once nothing measured before the release's clock is left in the query's range.
 */
export function blame(
  release: Pick<Release, "startedAt" | "clockAt">,
  basis: BlameBasis,
  window: { readonly from: number; readonly rangeMs: number },
): Blame {
  if (basis.before === "breaching" && !basis.healthySince) return "breach-predates-release";
  const countsFrom = basis.before === "healthy" ? release.startedAt : afterClock(release, window.rangeMs);
  return countsFrom !== undefined && window.from >= countsFrom ? "blamed" : "window-before-release";
}

function afterClock(release: Pick<Release, "clockAt">, rangeMs: number): number | undefined {
  return release.clockAt === undefined ? undefined : release.clockAt + rangeMs;
}
