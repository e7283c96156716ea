import { FIELD_MANAGER } from "../kubernetes/annotations.ts";
import type { ManagedFields, ObjectMeta, Service } from "../kubernetes/objects.ts";
import { instant } from "./deployment-rollout.ts";

/** The last change of what a Service selects. */
export interface Switch {
  /**
   * Epoch ms; can be too late, because a manager's entry bears the time of its newest change. Before Kubernetes 1.25 also
   * too early: a new value alone did not renew it.
   */
  readonly at: number;
  readonly byRollbackd: boolean;
  /** As `managedFields` calls who did it; undefined where they do not say. */
  readonly manager: string | undefined;
}

/**
 * Undefined where the selector is still the one that the Service was made with. Who changes the selector owns it
 * alone, and others can come to own it only by writing the same once more, so the earliest owner is nearest.
 */
export function lastSwitch({ metadata }: Service, label: string): Switch | undefined {
  const owners = selectorOwners(metadata, label);
  const [first] = owners
    .flatMap(({ manager, time }) => ({ manager, at: instant(time) ?? Number.POSITIVE_INFINITY }))
    .toSorted((a, b) => a.at - b.at);
  if (first === undefined || !Number.isFinite(first.at)) return undefined;
  if (first.at <= Date.parse(metadata.creationTimestamp)) return undefined;
  return { ...first, byRollbackd: owners.some(({ manager }) => manager === FIELD_MANAGER) };
}

/** Everybody but rollbackd who owns what a Service selects. */
export function selectorWriters({ metadata }: Service, label: string): readonly string[] {
  return selectorOwners(metadata, label).flatMap(({ manager }) =>
    manager === undefined || manager === FIELD_MANAGER ? [] : [manager],
  );
}

/** The manager that owns what a Service selects by server-side apply. */
export function selectorApplier({ metadata }: Service, label: string): string | undefined {
  return selectorOwners(metadata, label).find(
    ({ operation, manager }) => operation === "Apply" && manager !== FIELD_MANAGER,
  )?.manager;
}

function selectorOwners({ managedFields = [] }: ObjectMeta, label: string): readonly ManagedFields[] {
  return managedFields.filter(({ fieldsV1 }) => ownsSelector(fieldsV1, label));
}

/** The API server keeps a selector as one field; a server that keeps each label would name it. */
function ownsSelector(fields: ManagedFields["fieldsV1"], label: string): boolean {
  const selector = child(child(fields, "f:spec"), "f:selector");
  return selector !== undefined && (Object.keys(selector).length === 0 || `f:${label}` in selector);
}

function child(
  fields: Readonly<Record<string, unknown>> | undefined,
  key: string,
): Readonly<Record<string, unknown>> | undefined {
  const value = fields?.[key];
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}
