import { isDeepStrictEqual } from "node:util";
import { FIELD_MANAGER } from "../kubernetes/annotations.ts";
import type { KubeObject, ManagedFields } from "../kubernetes/objects.ts";

/** A node of `fieldsV1`: keys are `f:` and a field, `k:` and the keys of a list entry, or "." for the node itself. */
export type Fields = Readonly<Record<string, unknown>>;

/** A field as the way to it in `fieldsV1`. */
export type FieldPath = readonly string[];

export function childOf(fields: Fields | undefined, field: string): Fields | undefined {
  return nodeOf(fields?.[`f:${field}`]);
}

/** What is owned of an entry of a list. */
export function itemOf(fields: Fields | undefined, item: Fields): Fields | undefined {
  for (const [key, inner] of Object.entries(fields ?? {})) {
    if (key.startsWith("k:") && isEntry(key.slice(2), item)) return nodeOf(inner);
  }
  return undefined;
}

/** What the manager owns that set an annotation; undefined where that is rollbackd, or not known. */
export function ownerOf({ metadata }: KubeObject, annotation: string): Fields | undefined {
  const found = (metadata.managedFields ?? []).find(
    ({ fieldsV1, manager }) =>
      manager !== FIELD_MANAGER &&
      childOf(childOf(childOf(fieldsV1, "metadata"), "annotations"), annotation) !== undefined,
  );
  return found?.fieldsV1;
}

/** Every field that the entry owns. */
export function pathsOf({ fieldsV1 = {} }: ManagedFields): readonly FieldPath[] {
  return walk(fieldsV1, []);
}

/** The reverse of `pathsOf`. */
export function fieldsOf(paths: readonly FieldPath[]): Fields {
  const root: Tree = new Map();
  for (const path of paths) {
    let node = root;
    for (const step of path) {
      const inner: Tree = node.get(step) ?? new Map();
      node.set(step, inner);
      node = inner;
    }
    node.set(".", new Map());
  }
  return asFields(root);
}

type Tree = Map<string, Tree>;

function asFields(tree: Tree): Fields {
  const inner = [...tree].filter(([key]) => key !== ".");
  // A field without fields of its own is written as an empty node.
  if (inner.length === 0) return {};
  const own = tree.has(".") ? [[".", {}] as const] : [];
  return Object.fromEntries([...own, ...inner.map(([key, node]) => [key, asFields(node)] as const)]);
}

function walk(fields: Fields, path: FieldPath): readonly FieldPath[] {
  const inner = Object.entries(fields).filter(([key]) => key !== ".");
  const isMember = path.length > 0 && (inner.length === 0 || "." in fields);
  const below = inner.flatMap(([key, node]) => walk(nodeOf(node) ?? {}, [...path, key]));
  return isMember ? [path, ...below] : below;
}

function isEntry(keys: string, item: Fields): boolean {
  try {
    return Object.entries(JSON.parse(keys) as Fields).every(([key, value]) =>
      isDeepStrictEqual(item[key], value),
    );
  } catch {
    return false;
  }
}

function nodeOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}
