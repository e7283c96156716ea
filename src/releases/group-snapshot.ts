import { digest12 } from "../kubernetes/annotations.ts";
import { type Combination, foldChanges, type GroupRelease, type MemberChange } from "./group-history.ts";
import { mergeOwners } from "./gitops-owner.ts";
import { wholeBefore } from "./group-before.ts";
import { groupDigest, groupUid, type Members } from "./group.ts";
import type { LoggedRelease } from "./logged-release.ts";
import type { PastRollback, Release, Revision, RolloutStatus, TargetSnapshot } from "./release.ts";

const KEPT_FORMS = 64;

/** What the members show, as one target. `logged`: its releases, oldest first. Undefined without members. */
export function groupSnapshot(
  target: string,
  members: Members<TargetSnapshot>,
  logged: readonly LoggedRelease[] = [],
): TargetSnapshot | undefined {
  const releases = foldChanges([...members].flatMap(([name, snapshot]) => changesOf(name, snapshot)));
  const current = releases.at(-1);
  if (current === undefined) return undefined;
  const asRevision = (combination: Combination) => revisionOf(combination, members);
  const revision = asRevision(new Map([...members].map(([name, one]) => [name, one.release.revision])));
  const before = wholeBefore({ current, running: revision, members, logged });
  const previous = before.combination && asRevision(before.combination);
  const older = releases
    .slice(0, -1)
    .toReversed()
    .filter(({ after }) => complete(after, members))
    .map(({ after }) => asRevision(after));
  const earlier = distinct([previous ?? [], older].flat()).filter(({ digest }) => digest !== revision.digest);
  return {
    target,
    uid: groupUid(new Map([...members].map(([name, { uid }]) => [name, uid]))),
    release: {
      ...releaseOf(target, current, { members, revision, previous }),
      ...(before.why !== undefined && { nothingBefore: before.why }),
    },
    earlier,
    rollbacks: rollbacksOf(members, [revision, ...earlier]),
    rollout: rolloutOf(members, current),
    templates: new Map([...members.values()].flatMap(({ templates }) => Array.from(templates ?? []))),
    ...ownersOf(members),
    ...heldBackIn(members),
  };
}

function heldBackIn(members: Members<TargetSnapshot>): Pick<TargetSnapshot, "heldBack"> {
  const all = [...members].flatMap(([member, { heldBack = [] }]) =>
    heldBack.map((held) => ({ ...held, member })),
  );
  return all.length === 0 ? {} : { heldBack: all };
}

function ownersOf(members: Members<TargetSnapshot>): Pick<TargetSnapshot, "owners"> {
  const all = mergeOwners([...members.values()].flatMap(({ owners = [] }) => owners));
  return all.length === 0 ? {} : { owners: all };
}

function changesOf(member: string, { release, ranBefore = [] }: TargetSnapshot): readonly MemberChange[] {
  const { revision, startedAt, previous, cause, clockAt = Infinity } = release;
  return [
    { member, at: startedAt, to: revision, before: previous, cause, rolledOutAt: clockAt },
    ...ranBefore.map(({ revision: to, from, cause: why }, index) => {
      const before = ranBefore[index + 1]?.revision;
      return { member, at: from, to, before, cause: why, rolledOutAt: from };
    }),
  ];
}

function complete(combination: Combination, members: Members<unknown>): boolean {
  return [...members.keys()].every((name) => combination.has(name));
}

function releaseOf(
  target: string,
  { startedAt, cause, changed }: GroupRelease,
  {
    members,
    ...revisions
  }: Pick<Release, "revision" | "previous"> & { readonly members: Members<TargetSnapshot> },
): Release {
  const released = [...members].filter(([name]) => changed.has(name)).map(([, { release }]) => release);
  const [writer] = released.flatMap(({ writtenBy }) => writtenBy ?? []);
  const clocks = released.flatMap(({ clockAt }) => clockAt ?? []);
  return {
    id: `${target}@${revisions.revision.name}`,
    target,
    ...revisions,
    startedAt,
    clockAt: clocks.length === 0 ? undefined : Math.max(startedAt, Math.min(...clocks)),
    cause,
    reversible: released.every(({ reversible }) => reversible),
    ...(writer !== undefined && { writtenBy: writer }),
  };
}

function revisionOf(combination: Combination, members: Members<TargetSnapshot>): Revision {
  const sorted = [...combination].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const digest = groupDigest(new Map(sorted.map(([name, one]) => [name, one.digest])));
  const formerly = formerDigests(sorted).filter((each) => each !== digest);
  const proven = new Set([digest, ...formerly].map(digest12));
  const isGood = sorted.some(([, { goodIn }]) => goodIn !== undefined && proven.has(goodIn));
  return {
    name: sorted.map(([name, one]) => `${name}:${one.name}`).join(","),
    digest,
    ...(formerly.length > 0 && { formerly }),
    standing: isQuarantined(combination, members) ? "quarantined" : isGood ? "good" : "unproven",
    images: Object.fromEntries(
      sorted.flatMap(([name, { images }]) =>
        Object.entries(images).map(([container, image]) => [`${name}/${container}`, image]),
      ),
    ),
    pulled: mergedByImage([...combination.values()].map(({ pulled = {} }) => pulled)),
    runsIn: mergedByImage([...combination.values()].map(({ runsIn = {} }) => runsIn)),
    members: Object.fromEntries(sorted.map(([name, one]) => [name, { name: one.name, digest: one.digest }])),
  };
}

/** Several members may name one image. */
function mergedByImage<T>(
  maps: readonly Readonly<Record<string, readonly T[]>>[],
): Readonly<Record<string, readonly T[]>> {
  const all = maps.flatMap((map) => Object.entries(map));
  return Object.fromEntries(
    [...Map.groupBy(all, ([image]) => image)].map(([image, found]) => [
      image,
      [...new Set(found.flatMap(([, values]) => values))],
    ]),
  );
}

/** The digests of a group whose members had digests of earlier forms; more than a few combinations are never on record. */
function formerDigests(members: readonly (readonly [string, Revision])[]): readonly string[] {
  const combinations = members.reduce<readonly (readonly (readonly [string, string])[])[]>(
    (sofar, [name, { digest, formerly = [] }]) =>
      [digest, ...formerly]
        .flatMap((form) => sofar.map((each) => [...each, [name, form] as const]))
        .slice(0, KEPT_FORMS),
    [[]],
  );
  return combinations.map((each) => groupDigest(new Map(each)));
}

/** Rolled back from once: whatever else it is combined with, the members that were moved back are as they were. */
function isQuarantined(combination: Combination, members: Members<TargetSnapshot>): boolean {
  return decisionsOf(members).some((decisionId) => isRolledBackBy(decisionId, combination, members));
}

function isRolledBackBy(
  decisionId: string,
  combination: ReadonlyMap<string, Pick<Revision, "digest">>,
  members: Members<TargetSnapshot>,
): boolean {
  return [...members].every(([name, { rollbacks }]) => {
    const moved = rollbacks.find((one) => one.decisionId === decisionId);
    return moved === undefined || moved.fromDigest === combination.get(name)?.digest;
  });
}

function decisionsOf(members: Members<TargetSnapshot>): readonly string[] {
  const all = [...members.values()].flatMap(({ rollbacks }) => rollbacks);
  return [...new Set(all.map(({ decisionId }) => decisionId))];
}

/** One for each decision, whichever members remember it. */
function rollbacksOf(members: Members<TargetSnapshot>, known: readonly Revision[]): readonly PastRollback[] {
  const notes = [...members.values()].flatMap(({ rollbacks }) => rollbacks);
  return decisionsOf(members)
    .map((decisionId) => {
      const ofDecision = notes.filter((note) => note.decisionId === decisionId);
      const from = known.find(({ members: of = {} }) =>
        isRolledBackBy(decisionId, new Map(Object.entries(of)), members),
      );
      const fromDigest = from?.digest ?? ofDecision[0]?.fromDigest ?? "";
      return { decisionId, at: Math.min(...ofDecision.map(({ at }) => at)), fromDigest };
    })
    .toSorted((a, b) => a.at - b.at);
}

/** Of the members that the release changed: what becomes of the others is not its rollout. */
function rolloutOf(members: Members<TargetSnapshot>, { changed }: GroupRelease): RolloutStatus {
  const all = [...members].flatMap(([name, { rollout }]) => (changed.has(name) ? [{ name, rollout }] : []));
  const reasons = all.flatMap(({ name, rollout }) =>
    (rollout.reasons ?? []).map((each) => `${name}: ${each}`),
  );
  const stalls = all.flatMap(({ rollout }) => rollout.stalledAt ?? []);
  return {
    complete: all.every(({ rollout }) => rollout.complete),
    stalled: all.some(({ rollout }) => rollout.stalled),
    ...(stalls.length > 0 && { stalledAt: Math.min(...stalls) }),
    detail: all.map(({ name, rollout }) => `${name}: ${rollout.detail}`).join("; "),
    ...(reasons.length > 0 && { reasons }),
  };
}

/** Each at its first place. */
function distinct(revisions: readonly Revision[]): readonly Revision[] {
  return revisions.filter(
    ({ digest }, index) => revisions.findIndex((other) => other.digest === digest) === index,
  );
}
