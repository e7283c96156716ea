import type { PodTemplate } from "../kubernetes/objects.ts";
import type { RunsIn, UsedImage } from "../signals/image-report.ts";
import type { GitOpsOwner } from "./gitops-owner.ts";
import type { HeldBack } from "./held-back.ts";
import { numbered, type Versioned } from "./version.ts";

/** Good: proven live. Quarantined: rolled back from. Everything else is unproven. */
export type Standing = "good" | "unproven" | "quarantined";

/** One revision of a target that could run or is running. */
export interface Revision {
  /** What people call it: a ReplicaSet's revision number, or a version label. */
  readonly name: string;
  /** Identity of what would run: template digest without annotations, or the version itself. */
  readonly digest: string;
  /** What the log and annotations of earlier versions call the digest. */
  readonly formerly?: readonly string[];
  readonly standing: Standing;
  /** Images by container, for messages. Empty where the target is not a workload. */
  readonly images: Readonly<Record<string, string>>;
  /** Of a group: what each member runs. */
  readonly members?: Readonly<Record<string, MemberRevision>>;
  /** The group, by the first 12 places of its digest, in which this was last proven good. */
  readonly goodIn?: string;
  /** Of one colour: the Deployment behind it, and how many pods that needs to be the live one. */
  readonly side?: { readonly deployment: string; readonly replicas: number };
  /** By image, as the template names it: what the pods that run it say they pulled. Absent where none is seen. */
  readonly pulled?: Readonly<Record<string, readonly string[]>>;
  /** The same of pods that ran it last, as far as rollbackd saw them. */
  readonly lastPulled?: Readonly<Record<string, readonly string[]>>;
  /** By image: the containers of the cluster that run it. Absent where the target is not a workload. */
  readonly runsIn?: Readonly<Record<string, readonly RunsIn[]>>;
}

/** Is a digest from the log that of the revision? */
export function isRevision(
  { digest, formerly = [] }: Pick<Revision, "digest" | "formerly">,
  logged: string,
): boolean {
  return digest === logged || formerly.includes(logged);
}

/** What a revision runs, each image once. */
export function imagesUsed({
  images,
  pulled,
  runsIn,
}: Pick<Revision, "images" | "pulled" | "runsIn">): readonly UsedImage[] {
  return [...new Set(Object.values(images))].map((name) => ({
    name,
    pulled: pulled?.[name] ?? [],
    runsIn: runsIn?.[name] ?? [],
  }));
}

/** What one member of a group runs: its own number and digest. */
export interface MemberRevision {
  readonly name: string;
  readonly digest: string;
}

/** One that ran before, and from when (epoch ms). */
export interface Ran {
  readonly revision: Revision;
  readonly from: number;
  readonly cause: Release["cause"];
}

/** `revision 7 (registry.example/api:1.4.2)`: by number nobody knows a revision, by its images people do. */
export function revisionText({ name, images }: Pick<Revision, "name" | "images">): string {
  const distinct = [...new Set(Object.values(images))];
  return distinct.length === 0 ? numbered(name) : `${numbered(name)} (${distinct.join(", ")})`;
}

/** A revision as records have it. */
export function recorded({
  name,
  digest,
  images,
}: Pick<Revision, "name" | "digest" | "images">): Versioned & {
  readonly digest: string;
} {
  return { revision: name, digest, ...(Object.keys(images).length > 0 && { images }) };
}

/** A target's change to a revision. All instants are epoch ms. */
export interface Release {
  /** Stable across restarts: `<target>@<revision name>`. */
  readonly id: string;
  readonly target: string;
  readonly revision: Revision;
  /** What ran before; undefined for the first release of a target. */
  readonly previous: Revision | undefined;
  /** Why there is nothing to go back to, as the end of a sentence, where the target itself can say so. */
  readonly nothingBefore?: string;
  readonly startedAt: number;
  /** When the guard period began; undefined while the rollout has not got there. */
  readonly clockAt: number | undefined;
  /** `rollback` when rollbackd put this revision back. */
  readonly cause: "deploy" | "rollback";
  /** False when the release's own manifest says that it cannot be undone. */
  readonly reversible: boolean;
  /** Who wrote what runs, as the cluster calls them; not there where it does not say, and for what rollbackd put back. */
  readonly writtenBy?: string;
  /** Whoever deployed it said so, and nobody looks at what runs. */
  readonly isTold?: true;
}

export interface PastRollback {
  readonly decisionId: string;
  readonly at: number;
  /** The digest that was rolled back from. */
  readonly fromDigest: string;
}

export interface RolloutStatus {
  readonly complete: boolean;
  readonly stalled: boolean;
  /** When the cluster gave up on the release itself, epoch ms; absent too where it gave up on a mere restart of it. */
  readonly stalledAt?: number;
  /** The pod that holds the rollout up until somebody deletes it. */
  readonly blockedBy?: string;
  /** "2 of 3 pods updated, 1 ready" */
  readonly detail: string;
  /** Why pods do not get ready, in the cluster's own words; absent where it gives none. `detail` has them, too. */
  readonly reasons?: readonly string[];
}

/** All that is known of a target at one instant, from the cluster (or, for a script target, from its version query). */
export interface TargetSnapshot {
  readonly target: string;
  /** Changes when the object was deleted and made again. */
  readonly uid: string;
  readonly release: Release;
  /** Newest first, without the running one. */
  readonly earlier: readonly Revision[];
  /** What ran up to the release, newest first, without a gap, as far back as the target can date it. */
  readonly ranBefore?: readonly Ran[];
  /** Acts of rollbackd that the target itself remembers. */
  readonly rollbacks: readonly PastRollback[];
  readonly rollout: RolloutStatus;
  /** `namespace/name` of the Deployments behind a target that names none. */
  readonly deployments?: readonly string[];
  /** Those who keep the target, or parts of it, as it is written in Git. */
  readonly owners?: readonly GitOpsOwner[];
  /** Why what would be put back on it, or on parts of it, would not take effect. */
  readonly heldBack?: readonly HeldBack[];
  /** Pod templates by digest of a revision (of a group: of its members'), as far as they can be read; not there where nothing has any. */
  readonly templates?: ReadonlyMap<string, PodTemplate>;
}
