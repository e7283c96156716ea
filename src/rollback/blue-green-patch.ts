import { DECISION, formatRollbacks, ROLLBACKS, type RollbackNote } from "../kubernetes/annotations.ts";
import type { JsonPatchStep, Patch } from "../kubernetes/api.ts";
import type { Deployment, KubeObject, Service } from "../kubernetes/objects.ts";

/** Selects `color`, and writes in the same change what must outlive a lost log. 409 when the Service changed since. */
export function switchPatch(
  service: Service,
  { label, color }: { readonly label: string; readonly color: string },
  rollbacks: readonly [RollbackNote, ...RollbackNote[]],
): Patch {
  const annotations = {
    ...service.metadata.annotations,
    [DECISION]: rollbacks[0].decision,
    [ROLLBACKS]: formatRollbacks(rollbacks),
  };
  return {
    kind: "json",
    steps: [
      ...unchanged(service),
      { op: "add", path: "/metadata/annotations", value: annotations },
      { op: "replace", path: `/spec/selector/${pointer(label)}`, value: color },
    ],
  };
}

/** 409 when the Deployment changed since, so that what an autoscaler did meanwhile is looked at anew. */
export function scalePatch(deployment: Deployment, replicas: number): Patch {
  return {
    kind: "json",
    steps: [...unchanged(deployment), { op: "add", path: "/spec/replicas", value: replicas }],
  };
}

/** Setting what was read is a condition: the API server answers 409 where it is another by now. */
function unchanged({ metadata }: KubeObject): readonly JsonPatchStep[] {
  return [
    { op: "replace", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
    { op: "replace", path: "/metadata/uid", value: metadata.uid },
  ];
}

/** One step of a JSON pointer (RFC 6901). */
function pointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
