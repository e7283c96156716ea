import type { Patch } from "../kubernetes/api.ts";
import type { Deployment, Service } from "../kubernetes/objects.ts";
import { pointer } from "./json-pointer.ts";
import { conditionalPatch, type Notes, rollbackPatch, sameGeneration } from "./patch.ts";

/** Selects `color`, if the Service still selects what it did: it has no generation. */
export function switchPatch(
  service: Service,
  { label, color }: { readonly label: string; readonly color: string },
  notes: Notes,
): Patch {
  return rollbackPatch(service, {
    given: { op: "test", path: "/spec/selector", value: service.spec.selector ?? null },
    change: { op: "replace", path: `/spec/selector/${pointer(label)}`, value: color },
    notes,
  });
}

/** What an autoscaler did since the Deployment was read is looked at anew. */
export function scalePatch(deployment: Deployment, replicas: number): Patch {
  return conditionalPatch(deployment, sameGeneration(deployment), [
    { op: "add", path: "/spec/replicas", value: replicas },
  ]);
}
