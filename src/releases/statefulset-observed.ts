import type { StatefulSet } from "../kubernetes/objects.ts";

/** False while the status is still about an older spec. */
export function isObserved({ metadata, status }: StatefulSet): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}
