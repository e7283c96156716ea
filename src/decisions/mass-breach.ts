import type { TriggerStatus } from "../engine/trigger-status.ts";

/** How a target is doing: does something fire, is something about to, or neither? */
export type Heat = "firing" | "near" | "quiet";

/** One policy's view of its target; a target may have several. */
export interface TargetHeat {
  readonly target: string;
  readonly heat: Heat;
}

const MASS_SHARE = 0.4;
const MASS_TARGETS = 3;
/** Breaches of one cause are not seen in the same slot: scrapes, rates and users come one after the other. */
const NEAR_SLOTS = 2;

/** Near: would fire within two slots, or has breached for most of its window without having been healthy since. */
export function heatOf(statuses: readonly TriggerStatus[], intervalMs: number): Heat {
  if (statuses.some(({ state }) => state === "firing")) return "firing";
  return statuses.some((status) => isNear(status, intervalMs)) ? "near" : "quiet";
}

function isNear({ state, at, firesAt, window }: TriggerStatus, intervalMs: number): boolean {
  if (state !== "pending" && state !== "unknown") return false;
  const isSoon =
    window.size > NEAR_SLOTS + 1 && firesAt !== undefined && firesAt - at <= NEAR_SLOTS * intervalMs;
  return isSoon || 2 * window.breaching > window.size;
}

/**
 * So many targets fire at once, or are about to while others do, that a shared cause is likelier than that many bad
 * releases: a sentence with the numbers. The last of those `caught`, which were part of a mass breach and have not been
 * quiet since, is no likelier to be to blame than the first.
 */
export function massBreach(
  target: string,
  all: readonly TargetHeat[],
  caught: ReadonlySet<string>,
): string | undefined {
  const watched = distinct(all).size;
  const firing = distinct(all.filter(isFiring)).size;
  const hot = distinct(all.filter(isHot)).size;
  if (isMass(firing, watched)) {
    return `${firing} of ${watched} targets fire at once, which no single release explains`;
  }
  if (isMass(hot, watched)) {
    return `${firing} of ${watched} targets fire and ${hot - firing} more are about to, which no single release explains`;
  }
  return caught.has(target)
    ? `it was part of a mass breach and has not been quiet since, though only ${firing} of ${watched} targets fire by now`
    : undefined;
}

/** Who is caught in a mass breach from now on: all that are hot while it lasts, each until it has been quiet. */
export function nowCaught(all: readonly TargetHeat[], before: ReadonlySet<string>): ReadonlySet<string> {
  const hot = distinct(all.filter(isHot));
  const isNow = isMass(distinct(all.filter(isFiring)).size, distinct(all).size);
  return isNow ? hot : new Set([...before].filter((target) => hot.has(target)));
}

function isFiring({ heat }: TargetHeat): boolean {
  return heat === "firing";
}

function isHot({ heat }: TargetHeat): boolean {
  return heat !== "quiet";
}

function isMass(hit: number, watched: number): boolean {
  return hit >= MASS_TARGETS && hit >= MASS_SHARE * watched;
}

function distinct(all: readonly TargetHeat[]): ReadonlySet<string> {
  return new Set(all.map(({ target }) => target));
}
