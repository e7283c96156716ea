import type { PodTemplate } from "../kubernetes/objects.ts";
import type { Revision } from "./release.ts";

/** Something beside its template that a release's pods read, and that somebody changed. */
export interface ChangedReference {
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
  /** RFC 3339: the last time. */
  readonly at: string;
}

/** What a release brought along and what else changed around it, for whoever looks for a cause. Not evidence: nothing is decided by it. */
export interface ReleaseContext {
  /** What the release changed in its pod template, as `templateDiff` tells it; absent where that is not known. */
  readonly changes?: readonly string[];
  /** Of the ConfigMaps and Secrets that its pods read: those that changed after `since` (RFC 3339), and how many were looked at. */
  readonly references?: {
    readonly since: string;
    readonly looked: number;
    readonly changed: readonly ChangedReference[];
  };
  /** What could not be seen, and why, a sentence each. */
  readonly unseen?: readonly string[];
}

/** A release, as far as its context goes. */
export interface Subject {
  readonly revision: Revision;
  readonly previous: Revision | undefined;
  /** Epoch ms. */
  readonly startedAt: number;
}

/** Bounded in time; never throws. */
export type LookInto = (subject: Subject) => Promise<ReleaseContext>;

/** What a release's pods were made from before, and are now. */
export interface TemplatePair {
  /** Empty for a target that is one thing, else which part of it. */
  readonly part: string;
  readonly before: PodTemplate | undefined;
  readonly after: PodTemplate | undefined;
}

/** Whether pods of an earlier revision would find what they need. */
export interface Needed {
  /** What they need and do not find, such as `ConfigMap shop-v1`. */
  readonly missing: readonly string[];
  /** Why some of it could not be looked at, a sentence each. */
  readonly unseen: readonly string[];
}

/** Looks at what `to` needs before it takes the place of `from`. Bounded in time; never throws. */
export type LookForNeeded = (from: Revision, to: Revision) => Promise<Needed>;
