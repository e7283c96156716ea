import type { Deployment, KubeObject, StatefulSet } from "../kubernetes/objects.ts";
import { describe } from "../kubernetes/resource.ts";

/** Why an earlier template that is put back on a workload would not take effect, however right it is. */
export interface HeldBack {
  readonly reason: "paused" | "held-back";
  /** With the command that mends it; a sentence without its full stop. */
  readonly detail: string;
  /** Of a group: the Deployment that it is about. */
  readonly member?: string;
}

export function pausedDeployment({ metadata, spec }: Deployment): HeldBack | undefined {
  if (spec.paused !== true) return undefined;
  const resume = `kubectl -n ${metadata.namespace} rollout resume deployment/${metadata.name}`;
  const detail = `${nameOf("deployments", metadata)} is paused, so no rollback can take effect; resume it (${resume})`;
  return { reason: "paused", detail };
}

/** Where not every pod follows the template, putting the template back is no rollback. */
export function heldBackStatefulSet({ metadata, spec }: StatefulSet): HeldBack | undefined {
  const { type, rollingUpdate: { partition = 0 } = {} } = spec.updateStrategy ?? {};
  const edit = `kubectl -n ${metadata.namespace} edit statefulset/${metadata.name}`;
  const what = nameOf("statefulsets", metadata);
  const held = (has: string, mend: string): HeldBack => {
    return { reason: "held-back", detail: `${what} has ${has}; ${mend} (${edit})` };
  };
  if (type === "OnDelete") {
    return held(
      "updateStrategy OnDelete, so its pods would stay as they are until somebody deletes them",
      "use RollingUpdate to have rollbackd roll it back",
    );
  }
  if (partition === 0) return undefined;
  return held(
    `updateStrategy.rollingUpdate.partition ${partition}, so its pods below ${partition} would stay as they are`,
    "set the partition to 0 to have rollbackd roll it back",
  );
}

function nameOf(
  resource: "deployments" | "statefulsets",
  { namespace = "", name }: KubeObject["metadata"],
): string {
  return describe({ group: "apps", resource, namespace, name });
}
