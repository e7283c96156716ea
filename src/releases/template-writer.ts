import { FIELD_MANAGER } from "../kubernetes/annotations.ts";
import type { KubeObject, ManagedFields } from "../kubernetes/objects.ts";
import { instant } from "./deployment-rollout.ts";

/**
 * Every field manager but rollbackd that owns fields of the object's pod template, the last writer first. Managers of
 * annotations alone are left out: those make pods start again and change nothing that the pods run.
 */
export function templateWriters(object: KubeObject): readonly string[] {
  return writesOfTemplate(object)
    .filter(({ fieldsV1 }) => !isRestartAlone(fieldsV1))
    .toSorted((a, b) => (instant(b.time) ?? 0) - (instant(a.time) ?? 0))
    .flatMap(({ manager }) => (manager === undefined || manager === FIELD_MANAGER ? [] : [manager]));
}

export function writesOfTemplate({ metadata }: KubeObject): readonly ManagedFields[] {
  return (metadata.managedFields ?? []).filter(
    ({ subresource, fieldsV1 }) => subresource === undefined && ownsTemplate(fieldsV1),
  );
}

type Fields = Readonly<Record<string, unknown>>;

function ownsTemplate(fields: Fields | undefined): boolean {
  return "f:template" in within(fields, "f:spec");
}

function isRestartAlone(fields: Fields | undefined): boolean {
  const template = within(within(fields, "f:spec"), "f:template");
  const metadata = within(template, "f:metadata");
  const annotations = within(metadata, "f:annotations");
  // One key at each level above the annotations.
  return named(annotations) > 0 && named(metadata) === 1 && named(template) === 1;
}

/** "." stands for the map itself. */
function named(fields: Fields): number {
  return Object.keys(fields).filter((key) => key !== ".").length;
}

function within(fields: Fields | undefined, key: string): Fields {
  const inner = fields?.[key];
  return typeof inner === "object" && inner !== null ? (inner as Fields) : {};
}
