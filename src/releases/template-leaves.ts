import type { PodTemplate } from "../kubernetes/objects.ts";
import { HASH_LABEL, isRestart, without } from "./deployment-digest.ts";

/** One setting of a pod template. What may hold a secret is compared and never shown. */
export interface Leaf {
  readonly text: string;
  readonly secret: boolean;
}

/**
 * People put secrets in here: literal environment values and headers, command lines, annotations, and the free
 * parameters of volume drivers. References to Secrets are names, which are none.
 */
const MAY_HOLD_SECRETS = new Set(["value", "command", "args", "annotations", "volumeAttributes", "options"]);

/** By which field people tell the entries of a list apart; by their place where none of these does. */
const NAMES = ["name", "mountPath", "containerPort"] as const;

/** Settings by path, such as `containers.api.image`, without those that do not make another release. */
export function leavesOf({ metadata, spec }: PodTemplate): ReadonlyMap<string, Leaf> {
  const { labels, annotations } = metadata ?? {};
  const leaves = new Map<string, Leaf>();
  collect(
    leaves,
    "labels",
    without(labels, (name) => name === HASH_LABEL),
    false,
  );
  collect(leaves, "annotations", without(annotations, isRestart), true);
  collect(leaves, "", spec, false);
  return leaves;
}

function collect(leaves: Map<string, Leaf>, path: string, value: unknown, secret: boolean): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) return collectList(leaves, path, value, secret);
  if (typeof value !== "object") {
    leaves.set(path, { text: `${value as string | number | boolean}`, secret });
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    const isSecret = secret || MAY_HOLD_SECRETS.has(key);
    collect(leaves, path === "" ? key : `${path}.${key}`, inner, isSecret);
  }
}

function collectList(
  leaves: Map<string, Leaf>,
  path: string,
  list: readonly unknown[],
  secret: boolean,
): void {
  // A command line is one thing: that its third word moved tells nobody anything.
  if (secret) {
    leaves.set(path, { text: JSON.stringify(list), secret });
    return;
  }
  const field = NAMES.find((name) => isUnique(list, name));
  for (const [index, item] of list.entries()) {
    const own = `${path}.${field === undefined ? index : String(fieldOf(item, field))}`;
    const before = leaves.size;
    collect(
      leaves,
      own,
      field === undefined ? item : without(item as Readonly<Record<string, unknown>>, (key) => key === field),
      false,
    );
    // An entry that has nothing but its name, such as an empty variable, is there all the same.
    if (leaves.size === before) leaves.set(own, { text: "", secret: false });
  }
}

function isUnique(list: readonly unknown[], field: string): boolean {
  const names = list.map((item) => fieldOf(item, field));
  return names.every((name) => name !== undefined) && new Set(names).size === names.length;
}

function fieldOf(item: unknown, field: string): unknown {
  return typeof item === "object" && item !== null
    ? (item as Readonly<Record<string, unknown>>)[field]
    : undefined;
}
