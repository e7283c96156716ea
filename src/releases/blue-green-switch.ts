import { FIELD_MANAGER } from "../kubernetes/annotations.ts";
import type { ManagedFields, Service } from "../kubernetes/objects.ts";
import { instant } from "./deployment-rollout.ts";

/** The last change of what a Service selects. */
export interface Switch {
  /** Epoch ms; can be too late, never too early: a manager's entry bears the time of its newest change. */
  readonly at: number;
  readonly byRollbackd: boolean;
}

/**
 * Undefined where the selector is still the one that the Service was made with. Who changes the selector owns it
 * alone, and others can come to own it only by writing the same once more, so the earliest owner is nearest.
 */
export function lastSwitch({ metadata }: Service, label: string): Switch | undefined {
  const owners = (metadata.managedFields ?? []).filter(({ fieldsV1 }) => ownsSelector(fieldsV1, label));
  const at = Math.min(...owners.flatMap(timeOf));
  if (at === Number.POSITIVE_INFINITY || at <= Date.parse(metadata.creationTimestamp)) return undefined;
  return { at, byRollbackd: owners.some(({ manager }) => manager === FIELD_MANAGER) };
}

function timeOf({ time }: ManagedFields): readonly number[] {
  const at = instant(time);
  return at === undefined ? [] : [at];
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
