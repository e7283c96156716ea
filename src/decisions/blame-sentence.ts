import type { Blame } from "../releases/blame.ts";
import { recorded, type Release } from "../releases/release.ts";
import { versionOf } from "../releases/version.ts";
import { formatDuration, formatInstant } from "../text/format.ts";

type Dated = Pick<Release, "revision" | "startedAt">;

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
  if (past === "healthy") return `${begins}, before ${named(release)} started at ${write(release.startedAt)}`;
  const counts =
    countsFrom === undefined
      ? `nothing counts against ${named(release)} before its first pod is ready`
      : `${begins}, and only what is measured from ${write(countsFrom)} counts against ${named(release)}`;
  const healed = past === "breaching" ? ", and a later slot was healthy" : "";
  return `${counts}: ${lastKnown(release, basis, write)}${unknownUntil(basis, write)}${healed}`;
}

function named({ revision }: Pick<Dated, "revision">): string {
  return versionOf(recorded(revision));
}

function lastKnown({ revision, startedAt }: Dated, { before }: Blame["basis"], write: Write): string {
  if (before === undefined)
    return `nothing is known from the hour before ${named({ revision })} started at ${write(startedAt)}`;
  const what = before.verdict === "healthy" ? "was healthy" : before.firing ? "was firing" : "breached";
  const age = formatDuration(startedAt - before.at);
  return `the last known slot before ${named({ revision })} ${what} at ${write(before.at)}, ${age} before it started`;
}

function unknownUntil({ before, lostSight, knownAgainAt }: Blame["basis"], write: Write): string {
  if (before === undefined || !lostSight) return "";
  return knownAgainAt === undefined
    ? "; unknown since then"
    : `; unknown from then until ${write(knownAgainAt)}`;
}
