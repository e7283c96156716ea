import { createHash } from "node:crypto";
import type { PodTemplate } from "../kubernetes/objects.ts";

/** The deployment controller's own mark on each ReplicaSet's template. */
export const HASH_LABEL = "pod-template-hash";

/**
 * Annotations that tools write only to make pods start again: `kubectl rollout restart` and those that
 * imitate it under names of their own, and Rancher's redeploy button.
 */
const RESTART = /(^|\/)restarted-?at$|^cattle\.io\/timestamp$/i;

/** An annotation that makes no other release. */
export function isRestart(annotation: string): boolean {
  return RESTART.test(annotation);
}

const digests = new WeakMap<PodTemplate, string>();

/**
 * Identity of what a pod template runs: SHA-256, hex, over its JSON with sorted keys, without the
 * controller's hash label and without restart annotations, so that a restart is the same release.
 */
export function templateDigest(template: PodTemplate): string {
  const known = digests.get(template);
  if (known !== undefined) return known;
  const digest = createHash("sha256").update(canonical(template, isRestart)).digest("hex");
  digests.set(template, digest);
  return digest;
}

/** What the deployment controller asks to find a Deployment's own ReplicaSet: a restart makes a difference. */
export function sameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  return canonical(a) === canonical(b);
}

function canonical(template: PodTemplate, dropped: (annotation: string) => boolean = () => false): string {
  const { labels, annotations, ...metadata } = template.metadata ?? {};
  return JSON.stringify(
    sorted({
      ...template,
      metadata: {
        ...metadata,
        labels: without(labels, (key) => key === HASH_LABEL),
        annotations: without(annotations, dropped),
      },
    }),
  );
}

/** A map that became empty is the same as none. */
export function without<Value>(
  map: Readonly<Record<string, Value>> | undefined,
  drop: (key: string) => boolean,
): Record<string, Value> | undefined {
  const kept = Object.entries(map ?? {}).filter(([key]) => !drop(key));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** Nulls are left out: the server writes `creationTimestamp: null` into some templates and not into others. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null && inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
