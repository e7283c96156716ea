import type { PodTemplate } from "../kubernetes/objects.ts";

/** An object without which pods of a template do not start. */
export interface Requirement {
  readonly kind: "ConfigMap" | "Secret" | "PersistentVolumeClaim";
  readonly name: string;
  /** Keys that the object must have, for ConfigMaps. */
  readonly keys: readonly string[];
  /** A password of a registry: pods start without it where the image can be pulled all the same. */
  readonly isForPulling: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** By the field that refers to an object: its kind, and which of its fields has the name. */
const REFERENCES: Readonly<
  Record<string, readonly [kind: Requirement["kind"], ...names: readonly string[]]>
> = {
  configMapKeyRef: ["ConfigMap", "name"],
  configMapRef: ["ConfigMap", "name"],
  configMap: ["ConfigMap", "name"],
  secretKeyRef: ["Secret", "name"],
  secretRef: ["Secret", "name"],
  // A projected volume calls it `name`, a volume `secretName`.
  secret: ["Secret", "secretName", "name"],
  azureFile: ["Secret", "secretName"],
  nodePublishSecretRef: ["Secret", "name"],
  persistentVolumeClaim: ["PersistentVolumeClaim", "claimName"],
};

/** What pods of the template need, each object once; what the template calls optional is left out. */
export function requirementsOf({ spec }: PodTemplate): readonly Requirement[] {
  const { containers, initContainers, volumes, imagePullSecrets } = spec as unknown as Fields;
  const found: Requirement[] = [];
  for (const part of [containers, initContainers, volumes]) collect(part, found);
  for (const secret of listOf(imagePullSecrets)) {
    const name = textOf(secret, "name");
    if (name !== undefined) found.push({ kind: "Secret", name, keys: [], isForPulling: true });
  }
  return merged(found);
}

function collect(value: unknown, found: Requirement[]): void {
  if (typeof value !== "object" || value === null) return;
  for (const [field, inner] of Object.entries(value)) {
    const requirement = requirementIn(field, inner);
    if (requirement !== undefined) found.push(requirement);
    collect(inner, found);
  }
}

function requirementIn(field: string, value: unknown): Requirement | undefined {
  if (!Object.hasOwn(REFERENCES, field) || typeof value !== "object" || value === null) return undefined;
  const [kind, ...names] = REFERENCES[field] ?? [];
  const [name] = names.flatMap((each) => textOf(value, each) ?? []);
  const { optional, items } = value as Fields;
  if (kind === undefined || name === undefined || optional === true) return undefined;
  const keys = [value, ...listOf(items)].flatMap((each) => textOf(each, "key") ?? []);
  return { kind, name, keys: kind === "ConfigMap" ? keys : [], isForPulling: false };
}

function merged(all: readonly Requirement[]): readonly Requirement[] {
  const grouped = Map.groupBy(all, ({ kind, name }) => `${kind}/${name}`);
  return [...grouped.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [others.reduce(merge, first)],
  );
}

function merge(a: Requirement, b: Requirement): Requirement {
  return {
    ...a,
    keys: [...new Set([...a.keys, ...b.keys])],
    isForPulling: a.isForPulling && b.isForPulling,
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown, field: string): string | undefined {
  const found = typeof value === "object" && value !== null ? (value as Fields)[field] : undefined;
  return typeof found === "string" && found !== "" ? found : undefined;
}
