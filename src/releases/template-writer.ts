import { FIELD_MANAGER } from "../kubernetes/annotations.ts";
import type { KubeObject, ManagedFields } from "../kubernetes/objects.ts";
import { instant } from "./deployment-rollout.ts";

/** Everybody but rollbackd who owns fields of the object's pod template, the last to have written it first. */
export function templateWriters(object: KubeObject): readonly string[] {
  return writesOfTemplate(object)
    .toSorted((a, b) => (instant(b.time) ?? 0) - (instant(a.time) ?? 0))
    .flatMap(({ manager }) => (manager === undefined || manager === FIELD_MANAGER ? [] : [manager]));
}

export function writesOfTemplate({ metadata }: KubeObject): readonly ManagedFields[] {
  return (metadata.managedFields ?? []).filter(
    ({ subresource, fieldsV1 }) => subresource === undefined && ownsTemplate(fieldsV1),
  );
}

function ownsTemplate(fields: Readonly<Record<string, unknown>> | undefined): boolean {
  const spec = fields?.["f:spec"];
  return typeof spec === "object" && spec !== null && "f:template" in spec;
}
