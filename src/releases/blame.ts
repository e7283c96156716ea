import type { Verdict } from "../engine/verdict.ts";
import type { Release } from "./release.ts";

/** What a trigger's slots say about one release, folded slot by slot; all that blame needs of the past. */
export interface BlameBasis {
  /** The last known slot before the release started; unknown when there is none within the lookback. */
  readonly before: Verdict;
  /** A healthy slot has been known since the release started. */
  readonly healthySince: boolean;
}

export interface JudgedSlot {
  readonly at: number;
  readonly verdict: Verdict;
}

const NOTHING_KNOWN: BlameBasis = { before: "unknown", healthySince: false };

/**
 * `slots` oldest first. Slots more than `lookbackMs` before the start are too old to say how things stood
 * at the release; a slot at the start itself already belongs to it.
 */
export function blameBasis(slots: readonly JudgedSlot[], startedAt: number, lookbackMs: number): BlameBasis {
  return slots.reduce((basis, slot) => withSlot(basis, slot, startedAt, lookbackMs), NOTHING_KNOWN);
}

/** The basis after one more slot; the same slots in the same order always give the same basis. */
export function withSlot(
  basis: BlameBasis,
  { at, verdict }: JudgedSlot,
  startedAt: number,
  lookbackMs: number,
): BlameBasis {
  if (verdict === "unknown" || at < startedAt - lookbackMs) return basis;
  if (at < startedAt) return { ...basis, before: verdict };
  return verdict === "healthy" ? { ...basis, healthySince: true } : basis;
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
