import { FIELD_MANAGER } from "../kubernetes/annotations.ts";
import type { JsonPatchStep } from "../kubernetes/api.ts";
import type { KubeObject, ManagedFields } from "../kubernetes/objects.ts";
import { type FieldPath, fieldsOf, pathsOf } from "./field-owners.ts";

type Steps = readonly [JsonPatchStep, ...JsonPatchStep[]];

const CHANGE_CAUSE: FieldPath = ["f:metadata", "f:annotations", "f:kubernetes.io/change-cause"];
const TEMPLATE: FieldPath = ["f:spec", "f:template"];

/**
 * Gives fields of the template that rollbackd came to own by its write to those who manage them by server-side apply.
 * Otherwise their next apply is refused because of a conflict with rollbackd, or keeps what the rollback put back.
 * `before`: the object as it was before the write; undefined where that is not known. Undefined when there is nothing to
 * give.
 */
export function handBackSteps(before: KubeObject | undefined, { metadata }: KubeObject): Steps | undefined {
  const { managedFields = [] } = metadata;
  const own = managedFields.findIndex(isOurs);
  const ours = managedFields[own];
  const appliers = appliersOf(before?.metadata.managedFields ?? managedFields);
  if (ours === undefined || appliers.length === 0) return undefined;
  const others = (before?.metadata.managedFields ?? []).filter((entry) => !isOurs(entry));
  const ownedByOthers = new Set(others.flatMap((entry) => pathsOf(entry).map(keyOf)));
  const given = new Map<ManagedFields, FieldPath[]>();
  const kept: FieldPath[] = [];
  for (const path of pathsOf(ours)) {
    const to =
      isBeneath(path, TEMPLATE) || keyOf(path) === keyOf(CHANGE_CAUSE)
        ? receiverOf(path, appliers, ownedByOthers)
        : undefined;
    if (to === undefined) kept.push(path);
    else given.set(to, [...(given.get(to) ?? []), path]);
  }
  if (given.size === 0) return undefined;
  const toOthers = [...given].flatMap(([to, paths]) => giveSteps(managedFields, to, paths));
  const [test, ...rest] = replaceSteps(own, ours, kept);
  return [test, ...rest, ...toOthers];
}

/** Those who manage fields of the template by server-side apply. */
export function appliersOf(managedFields: readonly ManagedFields[]): readonly ManagedFields[] {
  return managedFields.filter(
    (entry) =>
      entry.operation === "Apply" &&
      entry.manager !== FIELD_MANAGER &&
      entry.subresource === undefined &&
      pathsOf(entry).some((path) => isBeneath(path, TEMPLATE)),
  );
}

/** Who had the field before; of what nobody had, who manages what is nearest around it. */
function receiverOf(
  path: FieldPath,
  appliers: readonly ManagedFields[],
  ownedByOthers: ReadonlySet<string>,
): ManagedFields | undefined {
  const had = appliers.find((entry) => pathsOf(entry).some((one) => keyOf(one) === keyOf(path)));
  if (had !== undefined || ownedByOthers.has(keyOf(path)) || !isBeneath(path, TEMPLATE)) return had;
  for (let length = path.length - 1; length >= TEMPLATE.length; length -= 1) {
    const around = path.slice(0, length);
    const sizes = appliers.map((entry) => [entry, count(entry, around)] as const);
    const [nearest] = sizes.filter(([, size]) => size > 0).toSorted(([, a], [, b]) => b - a);
    if (nearest !== undefined) return nearest[0];
  }
  return undefined;
}

function count(entry: ManagedFields, around: FieldPath): number {
  return pathsOf(entry).filter((path) => isBeneath(path, around)).length;
}

function giveSteps(
  managedFields: readonly ManagedFields[],
  to: ManagedFields,
  paths: readonly FieldPath[],
): readonly JsonPatchStep[] {
  const index = managedFields.findIndex((entry) => isSame(entry, to));
  const entry = managedFields[index];
  // One that lost all its fields is gone from the list.
  if (entry === undefined) {
    return [{ op: "add", path: "/metadata/managedFields/-", value: { ...to, fieldsV1: fieldsOf(paths) } }];
  }
  return replaceSteps(index, entry, [...pathsOf(entry), ...paths]);
}

function replaceSteps(index: number, entry: ManagedFields, paths: readonly FieldPath[]): Steps {
  const path = `/metadata/managedFields/${index}`;
  return [
    { op: "test", path, value: entry },
    { op: "replace", path, value: { ...entry, fieldsV1: fieldsOf(paths) } },
  ];
}

function isOurs({ manager, operation, subresource }: ManagedFields): boolean {
  return manager === FIELD_MANAGER && operation === "Update" && subresource === undefined;
}

function isSame(one: ManagedFields, other: ManagedFields): boolean {
  return (
    one.manager === other.manager &&
    one.operation === other.operation &&
    one.subresource === other.subresource
  );
}

function isBeneath(path: FieldPath, around: FieldPath): boolean {
  return around.every((step, index) => path[index] === step);
}

function keyOf(path: FieldPath): string {
  return JSON.stringify(path);
}
