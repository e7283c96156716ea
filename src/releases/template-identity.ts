import { digest12, parseStanding, STANDING, type RollbackNote } from "../kubernetes/annotations.ts";
import type { Deployment, Pod, PodTemplate, ReplicaSet } from "../kubernetes/objects.ts";
import { admittedSpec } from "./admitted-spec.ts";
import { admittedDigest, formerDigest, sameTemplate, templateDigest } from "./deployment-digest.ts";
import type { LoggedRelease } from "./logged-release.ts";
import { numbersOf, ownedBy } from "./deployment-history.ts";

/** What admission made of the template of each ReplicaSet, by its uid: identities of specs that its pods had. */
export type Admitted = ReadonlyMap<string, readonly string[]>;

/** The last instant that has a date. */
const NEWEST = 8.64e15;

/** More than one says already that the pods of one template do not agree. */
const KEPT_SPECS = 2;

/** Which digest stands for which ReplicaSet of one target. */
export interface Identities {
  readonly of: (replicaSet: ReplicaSet) => string;
  /** A digest from the log or an annotation, as it is called now. */
  readonly now: (digest: string) => string;
  /** What else the log and annotations may call a digest. */
  readonly formerly: (digest: string) => readonly string[];
}

interface Known {
  readonly admitted?: Admitted;
  /** Digests that the log or the target itself names. */
  readonly named?: readonly string[];
}

/**
 * Templates that differ in annotations alone are one release, unless admission made different pods of them, as an
 * injector does that reads annotations. Then the later one has a digest of its own, which stays its own once it is named
 * in the log or in an annotation: the pods that showed the difference are gone soon.
 */
export function identitiesOf(replicaSets: readonly ReplicaSet[], known: Known = {}): Identities {
  const digests = new Map<string, string>();
  const aged = replicaSets.toSorted(byAge);
  for (const replicaSet of aged) {
    const { template } = replicaSet.spec;
    const before = predecessor(replicaSet, aged, digests);
    const inherited = (before && digests.get(before.metadata.uid)) ?? templateDigest(template);
    const isOwn =
      isNamed(replicaSet, known) || isShown(replicaSet, inherited, { replicaSets: aged, digests, known });
    digests.set(replicaSet.metadata.uid, isOwn ? admittedDigest(template) : inherited);
  }
  const of = ({ metadata, spec }: ReplicaSet): string =>
    digests.get(metadata.uid) ?? templateDigest(spec.template);
  const former = new Map(aged.toReversed().map((each) => [formerDigest(each.spec.template), of(each)]));
  const current = new Set(digests.values());
  return {
    of,
    now: (digest) => (current.has(digest) ? digest : (former.get(digest) ?? digest)),
    formerly: (digest) =>
      [...former].flatMap(([old, now]) => (now === digest && old !== digest ? [old] : [])),
  };
}

/** Adds what the pods that are there show. */
export function withAdmitted(
  before: Admitted,
  replicaSets: readonly ReplicaSet[],
  pods: readonly Pod[],
): Admitted {
  return new Map(
    replicaSets.map((replicaSet) => {
      const { uid } = replicaSet.metadata;
      const shown = ownedBy(replicaSet, pods).flatMap((pod) => admittedSpec(pod) ?? []);
      return [uid, [...new Set([...(before.get(uid) ?? []), ...shown])].slice(0, KEPT_SPECS)];
    }),
  );
}

/** Does a ReplicaSet run what a digest stands for, whatever form it has? `named`: other digests that are at stake. */
export function findBy(
  replicaSets: readonly ReplicaSet[],
  digest: string,
  named: readonly string[] = [],
): readonly ReplicaSet[] {
  const { of, now } = identitiesOf(replicaSets, { named: [digest, ...named] });
  return replicaSets.filter((each) => of(each) === now(digest));
}

/** Does a Deployment have the template that a digest stands for? Its ReplicaSet may not be there yet. */
export function findTemplate(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
  { digest, named }: { readonly digest: string; readonly named: readonly string[] },
): boolean {
  const { template } = deployment.spec;
  const [reference] = replicaSets.flatMap(({ metadata }) => metadata.ownerReferences ?? []);
  const current: ReplicaSet = replicaSets.find((each) => sameTemplate(each.spec.template, template)) ?? {
    metadata: {
      name: "",
      uid: "",
      resourceVersion: "",
      creationTimestamp: new Date(NEWEST).toISOString(),
      ...(reference && { ownerReferences: [reference] }),
    },
    spec: { template },
  };
  return findBy([...new Set([...replicaSets, current])], digest, named).includes(current);
}

/** Rollbacks with the digests as they are called now. */
export function notesNow(notes: readonly RollbackNote[], { now }: Identities): readonly RollbackNote[] {
  return notes.map((note) => {
    return { ...note, from: now(note.from), to: now(note.to) };
  });
}

/** Releases in the log with the digests as they are called now. */
export function loggedNow(logged: readonly LoggedRelease[], { now }: Identities): readonly LoggedRelease[] {
  return logged.map((release) => {
    return { ...release, version: now(release.version) };
  });
}

/** Is a standing about this template, whatever form its digest has? */
export function isAbout(noted: string, digest: string, template: PodTemplate): boolean {
  return [digest, formerDigest(template)].some((form) => digest12(form) === noted);
}

/** What ran before with the same template but for annotations; in other Deployments where this one has none. */
function predecessor(
  replicaSet: ReplicaSet,
  all: readonly ReplicaSet[],
  known: ReadonlyMap<string, string>,
): ReplicaSet | undefined {
  const own = templateDigest(replicaSet.spec.template);
  const first = Math.min(...numbersOf(replicaSet));
  const alike = all.filter(
    (other) => known.has(other.metadata.uid) && templateDigest(other.spec.template) === own,
  );
  const last = (other: ReplicaSet): number =>
    Math.max(0, ...numbersOf(other).filter((number) => number < first));
  const siblings = alike.filter((other) => ownerOf(other) === ownerOf(replicaSet));
  const before = siblings.filter((other) => last(other) > 0);
  const candidates = before.length > 0 ? before.toSorted((a, b) => last(a) - last(b)) : alike.toSorted(byAge);
  return candidates.at(-1);
}

function isNamed({ metadata, spec }: ReplicaSet, { named = [] }: Known): boolean {
  const own = admittedDigest(spec.template);
  const note = parseStanding(metadata.annotations?.[STANDING]);
  return named.includes(own) || note?.digest12 === digest12(own);
}

/** Do its pods differ from those of every ReplicaSet with the inherited digest, as far as these are known? */
function isShown(
  replicaSet: ReplicaSet,
  inherited: string,
  {
    replicaSets,
    digests,
    known: { admitted = new Map() },
  }: {
    readonly replicaSets: readonly ReplicaSet[];
    readonly digests: ReadonlyMap<string, string>;
    readonly known: Known;
  },
): boolean {
  const specOf = (uid: string): string | undefined => {
    const [spec, ...others] = admitted.get(uid) ?? [];
    return others.length === 0 ? spec : undefined;
  };
  const mine = specOf(replicaSet.metadata.uid);
  const theirs = replicaSets.flatMap(({ metadata: { uid } }) =>
    digests.get(uid) === inherited ? (specOf(uid) ?? []) : [],
  );
  return mine !== undefined && theirs.length > 0 && !theirs.includes(mine);
}

function ownerOf({ metadata: { ownerReferences = [] } }: ReplicaSet): string | undefined {
  return ownerReferences.find(({ controller }) => controller === true)?.uid;
}

function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const [createdA, createdB] = [a, b].map(({ metadata }) => Date.parse(metadata.creationTimestamp));
  return (createdA ?? 0) - (createdB ?? 0) || Math.min(...numbersOf(a)) - Math.min(...numbersOf(b));
}
