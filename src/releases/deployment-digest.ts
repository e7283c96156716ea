import { createHash } from "node:crypto";
import type { Container, PodTemplate } from "../kubernetes/objects.ts";

/** The deployment controller's own mark on each ReplicaSet's template. */
export const HASH_LABEL = "pod-template-hash";

/**
 * Annotations that tools write only to make pods start again: `kubectl rollout restart` and those that
 * imitate it under names of their own, and Rancher's redeploy button.
 */
const RESTART = /(^|\/)restarted-?at$|^cattle\.io\/timestamp$/i;

/** An annotation that only makes pods start again. */
export function isRestart(annotation: string): boolean {
  return RESTART.test(annotation);
}

/** The variable by which Reloader starts pods again when a ConfigMap or Secret of theirs changes. */
const RELOADER = /^STAKATER_.+_(CONFIGMAP|SECRET)$/u;

const digests = new WeakMap<PodTemplate, string>();

/**
 * Identity of what a pod template runs: SHA-256, hex, over its JSON with sorted keys, without the controller's hash
 * label, without annotations and without Reloader's variables, so that a restart is the same release.
 */
export function templateDigest(template: PodTemplate): string {
  const known = digests.get(template);
  if (known !== undefined) return known;
  const digest = sha256(canonical(withoutRestarts(template), () => true));
  digests.set(template, digest);
  return digest;
}

/** The digest that versions before 2026-12 gave to a template: it counts annotations that are no known mark of a restart. */
export function formerDigest(template: PodTemplate): string {
  return sha256(canonical(template, isRestart));
}

/** The digest of a template that differs from an earlier one in annotations alone, where admission made other pods of it. */
export function admittedDigest(template: PodTemplate): string {
  return sha256(`${canonical(template)}\nadmitted`);
}

/** The digest of a template as one of several digests names it; its own where none of them does. */
export function digestAmong(template: PodTemplate, named: readonly string[]): string {
  const [own, former, admitted] = [
    templateDigest(template),
    formerDigest(template),
    admittedDigest(template),
  ];
  return [admitted, own, former].find((form) => named.includes(form)) ?? own;
}

/** What the deployment controller asks to find a Deployment's own ReplicaSet: a restart makes a difference. */
export function sameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  return canonical(a) === canonical(b);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
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

function withoutRestarts(template: PodTemplate): PodTemplate {
  const { spec } = template;
  return {
    ...template,
    spec: {
      ...spec,
      containers: spec.containers.map(withoutReloader),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(withoutReloader) }),
    },
  };
}

/** A list of variables that became empty is the same as none. */
export function withoutReloader<C extends Container>(container: C): C {
  const { env, ...others } = container as C & { readonly env?: unknown };
  if (!Array.isArray(env)) return container;
  const kept = env.filter((each: unknown) => !RELOADER.test(nameOf(each)));
  return (kept.length === 0 ? others : { ...others, env: kept }) as unknown as C;
}

function nameOf(variable: unknown): string {
  const { name } = (variable ?? {}) as { readonly name?: unknown };
  return typeof name === "string" ? name : "";
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
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null && inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
