import type { PodTemplate } from "../kubernetes/objects.ts";
import type { ChangedReference } from "./release-context.ts";

export type Reference = Pick<ChangedReference, "kind" | "name">;

/** By the field that refers to one: what it is, and which of its fields has the name. */
const FIELDS: Readonly<Record<string, readonly [kind: Reference["kind"], name: string]>> = {
  configMapKeyRef: ["ConfigMap", "name"],
  configMapRef: ["ConfigMap", "name"],
  configMap: ["ConfigMap", "name"],
  secretKeyRef: ["Secret", "name"],
  secretRef: ["Secret", "name"],
  secret: ["Secret", "secretName"],
};

/** ConfigMaps and Secrets that pods of the template read: variables, mounts (also projected ones), and passwords of registries. */
export function referencesOf(template: PodTemplate): readonly Reference[] {
  const found = new Map<string, Reference>();
  collect(template.spec, found);
  return [...found.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function collect(value: unknown, found: Map<string, Reference>): void {
  if (typeof value !== "object" || value === null) return;
  for (const [field, inner] of Object.entries(value) as [string, unknown][]) {
    for (const reference of named(field, inner)) found.set(key(reference), reference);
    collect(inner, found);
  }
}

function named(field: string, value: unknown): readonly Reference[] {
  if (field === "imagePullSecrets" && Array.isArray(value)) {
    return value.flatMap((secret) => text(secret, "name").map((name) => ({ kind: "Secret" as const, name })));
  }
  const [kind, nameField] = FIELDS[field] ?? [];
  if (kind === undefined || nameField === undefined) return [];
  // A projected volume calls it `name` for Secrets, too.
  return [...text(value, nameField), ...(nameField === "name" ? [] : text(value, "name"))].map((name) => ({
    kind,
    name,
  }));
}

function text(value: unknown, field: string): readonly string[] {
  const found =
    typeof value === "object" && value !== null
      ? (value as Readonly<Record<string, unknown>>)[field]
      : undefined;
  return typeof found === "string" ? [found] : [];
}

function key({ kind, name }: Reference): string {
  return `${kind}/${name}`;
}
