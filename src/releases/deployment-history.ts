import type { Deployment, KubeObject, ReplicaSet } from "../kubernetes/objects.ts";
import { sameTemplate, templateDigest } from "./deployment-digest.ts";

/** The number of a revision, on a ReplicaSet and, of the newest, on its Deployment. */
export const REVISION = "deployment.kubernetes.io/revision";
const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";

/** One time that a Deployment ran a template. A ReplicaSet that was rolled back to has several. */
export interface Use {
  /** 1, 2, 3 … in the order of the changes. */
  readonly revision: number;
  readonly replicaSet: ReplicaSet;
  readonly digest: string;
  /** True for the use that the ReplicaSet was made for. */
  readonly first: boolean;
}

export interface History {
  /** The ReplicaSet of the Deployment's template; while it does not exist yet, the newest, which still runs. */
  readonly current: ReplicaSet;
  /** Oldest first. A number can be missing where its ReplicaSet was deleted. */
  readonly uses: readonly Use[];
  /** Consecutive uses of the running digest up to now: one release, however often it was restarted. */
  readonly run: readonly [Use, ...Use[]];
}

type DigestOf = (replicaSet: ReplicaSet) => string;

/** Undefined while the Deployment has no ReplicaSet. */
export function historyOf(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
  digestOf: DigestOf = ({ spec }) => templateDigest(spec.template),
): History | undefined {
  const owned = ownedBy(deployment, replicaSets).toSorted((a, b) => revisionOf(a) - revisionOf(b));
  const current = currentOf(deployment, owned);
  if (current === undefined) return undefined;
  const uses = allUses(deployment, owned, { current, digestOf });
  const run = runAtEnd(uses);
  return run === undefined ? undefined : { current, uses, run };
}

export function ownedBy<T extends KubeObject>(owner: KubeObject, objects: readonly T[]): readonly T[] {
  return objects.filter((object) =>
    object.metadata.ownerReferences?.some((ref) => ref.controller && ref.uid === owner.metadata.uid),
  );
}

/** 0 for a ReplicaSet that the controller has not numbered yet. */
export function revisionOf(object: KubeObject): number {
  return Number.parseInt(object.metadata.annotations?.[REVISION] ?? "", 10) || 0;
}

/** The number that the controller gives to `replicaSet` once the Deployment has its template. */
export function nextRevision(owned: readonly ReplicaSet[], replicaSet: ReplicaSet): number {
  const others = owned.filter((other) => other !== replicaSet).map(revisionOf);
  return Math.max(revisionOf(replicaSet), 1 + Math.max(0, ...others));
}

function currentOf(deployment: Deployment, owned: readonly ReplicaSet[]): ReplicaSet | undefined {
  const { template } = deployment.spec;
  return owned.findLast((one) => sameTemplate(one.spec.template, template)) ?? owned.at(-1);
}

function allUses(
  deployment: Deployment,
  owned: readonly ReplicaSet[],
  { current, digestOf }: { readonly current: ReplicaSet; readonly digestOf: DigestOf },
): readonly Use[] {
  const uses: Use[] = [];
  const newest = currentRevision(deployment, owned, current);
  for (const replicaSet of owned) {
    const latest = replicaSet === current ? newest : revisionOf(replicaSet);
    const numbers = [...new Set([...numbersOf(replicaSet), latest])]
      .filter((number) => number <= newest)
      .sort((a, b) => a - b);
    const digest = digestOf(replicaSet);
    for (const [index, revision] of numbers.entries()) {
      uses.push({ revision, replicaSet, digest, first: index === 0 });
    }
  }
  return uses.sort((a, b) => a.revision - b.revision);
}

/**
 * A reused ReplicaSet is renumbered a moment after the Deployment changed, and the new number is known before.
 * But the ReplicaSets can also be ahead of the Deployment, for each is watched by itself: when one has a higher
 * number than the Deployment has heard of, the Deployment's template is not going back but about to change.
 */
function currentRevision(deployment: Deployment, owned: readonly ReplicaSet[], current: ReplicaSet): number {
  const declared = revisionOf(deployment);
  const behind = declared > 0 && owned.some((one) => revisionOf(one) > declared);
  return behind && revisionOf(current) > 0 ? revisionOf(current) : nextRevision(owned, current);
}

/** Every number that a ReplicaSet has had, in any order. */
export function numbersOf(replicaSet: ReplicaSet): readonly number[] {
  const text = replicaSet.metadata.annotations?.[REVISION_HISTORY] ?? "";
  const earlier = text.split(",").map((number) => Number.parseInt(number, 10) || 0);
  return [...earlier, revisionOf(replicaSet)].filter((number) => number > 0);
}

function runAtEnd(uses: readonly Use[]): readonly [Use, ...Use[]] | undefined {
  const last = uses.at(-1);
  if (last === undefined) return undefined;
  const before = uses.slice(0, -1);
  const breakAt = before.findLastIndex(
    (use, index) => use.digest !== last.digest || use.revision + 1 !== uses[index + 1]?.revision,
  );
  const [first = last, ...rest] = uses.slice(breakAt + 1);
  return [first, ...rest];
}
