import type { Patch } from "../kubernetes/api.ts";
import type { Deployment, Service } from "../kubernetes/objects.ts";
import { conditionalPatch, type Notes, rollbackPatch } from "./patch.ts";

/** Selects `color`. */
export function switchPatch(
  service: Service,
  { label, color }: { readonly label: string; readonly color: string },
  notes: Notes,
): Patch {
  const change = { op: "replace", path: `/spec/selector/${pointer(label)}`, value: color } as const;
  return rollbackPatch(service, change, { annotations: service.metadata.annotations, notes });
}

/** What an autoscaler did since the Deployment was read is looked at anew. */
export function scalePatch(deployment: Deployment, replicas: number): Patch {
  return conditionalPatch(deployment, [{ op: "add", path: "/spec/replicas", value: replicas }]);
}

/** One step of a JSON pointer (RFC 6901). */
function pointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
