import type { Combination, GroupRelease } from "./group-history.ts";
import { groupDigest, type Members } from "./group.ts";
import type { LoggedRelease } from "./logged-release.ts";
import { isRevision, type Revision, type TargetSnapshot } from "./release.ts";

/** More combinations than this are not tried. */
const MOST_COMBINATIONS = 4096;

/** What ran as a whole before a release, or why it cannot be had, as the end of a sentence. */
export interface WholeBefore {
  readonly combination?: Combination;
  readonly why?: string;
}

export interface Asked {
  readonly current: GroupRelease;
  readonly running: Revision;
  readonly members: Members<TargetSnapshot>;
  /** Oldest first. */
  readonly logged: readonly LoggedRelease[];
}

/**
 * The members' own histories tell it while none of them has lost what it ran before. Else the log does: it knows which
 * combination ran as a whole, and the members may still hold the parts.
 */
export function wholeBefore({ current, running, members, logged }: Asked): WholeBefore {
  const lacking = [...members.keys()].filter((name) => !current.before.has(name));
  if (lacking.length === 0) return { combination: current.before };
  const known = logged.findLast(
    ({ version, startedAt }) => startedAt < current.startedAt && !isRevision(running, version),
  );
  const lost = lacking.flatMap((name) => whyLost(name, members));
  if (known === undefined) {
    return lost.length === 0 ? {} : { why: `what ran before it as a whole is not known: ${lost.join("; ")}` };
  }
  const combination = combinationOf(known.version, members);
  if (combination !== undefined) return { combination };
  const name = known.id.slice(known.id.indexOf("@") + 1);
  const missing = lost.length === 0 ? "its members no longer have these revisions" : lost.join("; ");
  return { why: `${name} ran before it as a whole and cannot be put back: ${missing}` };
}

function whyLost(name: string, members: Members<TargetSnapshot>): readonly string[] {
  const why = members.get(name)?.release.nothingBefore;
  return why === undefined ? [] : [`${name}: ${why}`];
}

/** The combination with this digest, out of all that the members still have. */
function combinationOf(digest: string, members: Members<TargetSnapshot>): Combination | undefined {
  const combinations = [...members].reduce<readonly (readonly (readonly [string, Revision])[])[]>(
    (sofar, [name, snapshot]) =>
      revisionsOf(snapshot)
        .flatMap((revision) => sofar.map((each) => [...each, [name, revision] as const]))
        .slice(0, MOST_COMBINATIONS),
    [[]],
  );
  return combinations
    .map((each) => new Map(each))
    .find((each) => groupDigest(new Map([...each].map(([name, one]) => [name, one.digest]))) === digest);
}

/** Newest first. */
function revisionsOf({ release, earlier }: TargetSnapshot): readonly Revision[] {
  return [release.revision, ...earlier];
}
