import type { Blame } from "../releases/blame.ts";
import type { Release } from "../releases/release.ts";
import { formatDuration, formatInstant } from "../text/format.ts";

type Dated = Pick<Release, "id" | "startedAt">;

/** Why the breach is not the release's: how the trigger stood before it, how long before, and what followed. */
export function breachBefore(release: Dated, { basis }: Blame): string {
  return `${lastKnown(release, basis)}${unknownUntil(basis)}, and no known slot since then was healthy`;
}

/** Why the window does not count yet, or not all of it. */
export function windowBefore(release: Dated, { past, basis, countsFrom }: Blame, windowFrom: number): string {
  const begins = `its window begins at ${formatInstant(windowFrom)}`;
  if (past === "healthy") {
    return `${begins}, before ${release.id} started at ${formatInstant(release.startedAt)}`;
  }
  const counts =
    countsFrom === undefined
      ? `nothing counts against ${release.id} before its first pod is ready`
      : `${begins}, and only what is measured from ${formatInstant(countsFrom)} counts against ${release.id}`;
  const healed = past === "breaching" ? ", and a later slot was healthy" : "";
  return `${counts}: ${lastKnown(release, basis)}${unknownUntil(basis)}${healed}`;
}

function lastKnown({ id, startedAt }: Dated, { before }: Blame["basis"]): string {
  if (before === undefined)
    return `nothing is known from the hour before ${id} started at ${formatInstant(startedAt)}`;
  const what = before.verdict === "healthy" ? "was healthy" : before.firing ? "was firing" : "breached";
  const age = formatDuration(startedAt - before.at);
  return `the last known slot before ${id} ${what} at ${formatInstant(before.at)}, ${age} before it started`;
}

function unknownUntil({ before, lostSight, knownAgainAt }: Blame["basis"]): string {
  if (before === undefined || !lostSight) return "";
  return knownAgainAt === undefined
    ? "; unknown since then"
    : `; unknown from then until ${formatInstant(knownAgainAt)}`;
}
