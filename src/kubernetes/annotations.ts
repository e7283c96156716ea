/**
 * What rollbackd writes on the cluster, so that a replica that lost its log still knows.
 *
 * Kubernetes copies annotations around: the Deployment's go to every new ReplicaSet, and `kubectl rollout
 * undo` puts those of a ReplicaSet on the Deployment. So nothing here counts by its place alone: a standing
 * names the template that it is about, and a rollback names the object that it happened to.
 */

/** On a pod template, by its author: `"false"` when the release cannot be undone. */
export const REVERSIBLE = "rollbackd.io/reversible";

/**
 * On a ReplicaSet: `good:<digest>:<when>` or `quarantined:<digest>:<decision>`, the digest cut to 12 places. What
 * was proven as a member of a group has `:in:<digest of the group>` after it.
 */
export const STANDING = "rollbackd.io/standing";

/** On the Deployment, or the Service of a blue/green target: the decision whose act wrote it last. */
export const DECISION = "rollbackd.io/decision";

/** In the same place: the last rollbacks, JSON, newest last. */
export const ROLLBACKS = "rollbackd.io/rollbacks";

/**
 * On what was suspended for a rollback: the decision. On an Argo CD Application it is JSON with that and the
 * `automated` that was taken out.
 */
export const SUSPENDED = "rollbackd.io/suspended";

/** Who changed what, as `managedFields` says it. */
export const FIELD_MANAGER = "rollbackd";

const KEPT_ROLLBACKS = 10;

export interface StandingNote {
  readonly kind: "good" | "quarantined";
  /** The first 12 places of the digest that this is about. */
  readonly digest12: string;
  /** The same of the group in which it was proven. */
  readonly group12: string | undefined;
}

/** One act of rollbackd as the cluster remembers it. */
export interface RollbackNote {
  readonly decision: string;
  /** Epoch ms. */
  readonly at: number;
  /** Of the object that carries it; a copy of the annotation on another object means nothing there. */
  readonly uid: string;
  /** Digests of the templates. */
  readonly from: string;
  readonly to: string;
  /** The revision number that the restored template got. */
  readonly revision: number;
  /** `metadata.generation` that the object got by the act; absent for a Service, and in notes of earlier versions. */
  readonly generation?: number;
  /** Digest of what runs in place of `to`, where admission changed the template. */
  readonly ran?: string;
}

export function goodNote(digest: string, at: number, group?: string): string {
  const proven = `good:${digest12(digest)}:${new Date(at).toISOString()}`;
  return group === undefined ? proven : `${proven}:in:${digest12(group)}`;
}

export function quarantinedNote(digest: string, decisionId: string): string {
  return `quarantined:${digest12(digest)}:${decisionId}`;
}

export function digest12(digest: string): string {
  return digest.slice(0, 12);
}

/** Undefined for anything that rollbackd did not write. */
export function parseStanding(text: string | undefined): StandingNote | undefined {
  const [, kind, digest12, group12] =
    /^(good|quarantined):([0-9a-f]{12}):(?:.*:in:([0-9a-f]{12})$)?/.exec(text ?? "") ?? [];
  if (kind === undefined || digest12 === undefined) return undefined;
  return { kind: kind === "good" ? "good" : "quarantined", digest12, group12 };
}

/** Keeps the newest ten. */
export function formatRollbacks(notes: readonly RollbackNote[]): string {
  const newest = notes.toSorted((a, b) => a.at - b.at).slice(-KEPT_ROLLBACKS);
  return JSON.stringify(newest, (key, value: unknown) =>
    key === "at" && typeof value === "number" ? new Date(value).toISOString() : value,
  );
}

/** What cannot be read is left out: an annotation that somebody edited must not stop the daemon. */
export function parseRollbacks(text: string | undefined): readonly RollbackNote[] {
  const list = parseJson(text ?? "[]");
  return Array.isArray(list) ? list.flatMap((entry: unknown) => parseNote(entry) ?? []) : [];
}

function parseNote(entry: unknown): RollbackNote | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const { decision, at, uid, from, to, revision, generation, ran } = entry as Readonly<
    Record<string, unknown>
  >;
  const instant = typeof at === "string" ? Date.parse(at) : Number.NaN;
  if (typeof decision !== "string" || typeof uid !== "string" || Number.isNaN(instant)) return undefined;
  if (typeof from !== "string" || typeof to !== "string" || typeof revision !== "number") return undefined;
  return {
    decision,
    at: instant,
    uid,
    from,
    to,
    revision,
    ...(typeof generation === "number" && { generation }),
    ...(typeof ran === "string" && { ran }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
