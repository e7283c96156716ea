import type { Verdict } from "../engine/verdict.ts";
import type { Release } from "./release.ts";

/** What a slot (or a probe result) says of how things stood at its time. */
export interface JudgedSlot {
  readonly at: number;
  readonly verdict: Verdict;
  /** The trigger was firing there. */
  readonly firing: boolean;
}

type KnownSlot = JudgedSlot & { readonly verdict: Exclude<Verdict, "unknown"> };

/** What a trigger's slots say about one release, folded slot by slot; all that blame needs of the past. */
export interface BlameBasis {
  /** The last known slot before the release started; undefined when there is none within the lookback. */
  readonly before: KnownSlot | undefined;
  /** Some slot after `before` was unknown, and none was known yet. */
  readonly lostSight: boolean;
  /** The first known slot since the release started. */
  readonly knownAgainAt: number | undefined;
  /** A healthy slot has been known since the release started. */
  readonly healthySince: boolean;
}

const NOTHING_KNOWN: BlameBasis = {
  before: undefined,
  lostSight: false,
  knownAgainAt: undefined,
  healthySince: false,
};

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
  slot: JudgedSlot,
  startedAt: number,
  lookbackMs: number,
): BlameBasis {
  if (slot.at < startedAt - lookbackMs) return basis;
  if (!isKnownSlot(slot)) return basis.knownAgainAt === undefined ? { ...basis, lostSight: true } : basis;
  if (slot.at < startedAt) return { ...basis, before: slot, lostSight: false };
  return {
    ...basis,
    knownAgainAt: basis.knownAgainAt ?? slot.at,
    healthySince: basis.healthySince || slot.verdict === "healthy",
  };
}

function isKnownSlot(slot: JudgedSlot): slot is KnownSlot {
  return slot.verdict !== "unknown";
}

/** How a trigger stood when the release replaced its predecessor. */
export type Past = "healthy" | "breaching" | "unknown";

/**
 * The last known slot tells it for one window (`windowMs`). After that it is unknown, except where the trigger was
 * firing: an incident goes on until something healthy is seen.
 */
export function pastOf({ before }: Pick<BlameBasis, "before">, startedAt: number, windowMs: number): Past {
  if (before === undefined) return "unknown";
  if (startedAt - before.at <= windowMs) return before.verdict;
  return before.firing ? "breaching" : "unknown";
}

export interface Blame {
  readonly verdict: "blamed" | "breach-predates-release" | "window-before-release";
  readonly past: Past;
  readonly basis: BlameBasis;
  /** The first instant that counts against the release, epoch ms; undefined while its clock has not begun. */
  readonly countsFrom: number | undefined;
}

/**
 * Is the release to blame for a window that begins at `from`? Only slots that the release can have caused count,
 * and the whole window must count: where the past was not healthy, a slot counts only once nothing measured before
 * the release's clock is left in the query's range (`rangeMs`). `windowMs` as in `pastOf`.
 */
export function blame(
  release: Pick<Release, "startedAt" | "clockAt">,
  basis: BlameBasis,
  window: { readonly from: number; readonly rangeMs: number; readonly windowMs: number },
): Blame {
  const past = pastOf(basis, release.startedAt, window.windowMs);
  const countsFrom = past === "healthy" ? release.startedAt : afterClock(release, window.rangeMs);
  return { verdict: verdictOn(past, basis, countsFrom, window.from), past, basis, countsFrom };
}

function verdictOn(
  past: Past,
  { healthySince }: BlameBasis,
  countsFrom: number | undefined,
  windowFrom: number,
): Blame["verdict"] {
  if (past === "breaching" && !healthySince) return "breach-predates-release";
  return countsFrom !== undefined && windowFrom >= countsFrom ? "blamed" : "window-before-release";
}

function afterClock({ clockAt }: Pick<Release, "clockAt">, rangeMs: number): number | undefined {
  return clockAt === undefined ? undefined : clockAt + rangeMs;
}
