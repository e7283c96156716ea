import type { Blame } from "../releases/blame.ts";
import type { Release } from "../releases/release.ts";
import { formatDuration, formatInstant } from "../text/format.ts";

type Dated = Pick<Release, "id" | "startedAt">;

/** Writes instants for someone who reads them on the day of `at` (epoch ms). */
type Write = (instant: number) => string;

const readAt =
  (at: number): Write =>
  (instant) =>
    formatInstant(instant, at);

/** Why the breach is not the release's: how the trigger stood before it, how long before, and what followed. */
export function breachBefore(release: Dated, { basis }: Blame, at: number): string {
  const write = readAt(at);
  return `${lastKnown(release, basis, write)}${unknownUntil(basis, write)}, and no known slot since then was healthy`;
}

/** Why the window does not count yet, or not all of it. */
export function windowBefore(
  release: Dated,
  { past, basis, countsFrom }: Blame,
  { windowFrom, at }: { readonly windowFrom: number; readonly at: number },
): string {
  const write = readAt(at);
  const begins = `its window begins at ${write(windowFrom)}`;
  if (past === "healthy") return `${begins}, before ${release.id} started at ${write(release.startedAt)}`;
  const counts =
    countsFrom === undefined
      ? `nothing counts against ${release.id} before its first pod is ready`
      : `${begins}, and only what is measured from ${write(countsFrom)} counts against ${release.id}`;
  const healed = past === "breaching" ? ", and a later slot was healthy" : "";
  return `${counts}: ${lastKnown(release, basis, write)}${unknownUntil(basis, write)}${healed}`;
}

function lastKnown({ id, startedAt }: Dated, { before }: Blame["basis"], write: Write): string {
  if (before === undefined)
    return `nothing is known from the hour before ${id} started at ${write(startedAt)}`;
  const what = before.verdict === "healthy" ? "was healthy" : before.firing ? "was firing" : "breached";
  const age = formatDuration(startedAt - before.at);
  return `the last known slot before ${id} ${what} at ${write(before.at)}, ${age} before it started`;
}

function unknownUntil({ before, lostSight, knownAgainAt }: Blame["basis"], write: Write): string {
  if (before === undefined || !lostSight) return "";
  return knownAgainAt === undefined
    ? "; unknown since then"
    : `; unknown from then until ${write(knownAgainAt)}`;
}
