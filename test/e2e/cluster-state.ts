import type { World } from "../cluster/world.ts";
import { ROLLBACKS, STANDING, DECISION } from "../../src/kubernetes/annotations.ts";

interface Annotated {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly [{ readonly image: string }] } };
  };
}

export interface DeploymentNow {
  readonly image: string;
  /** Counts every change of the template: 1 is the first, so an act too many shows. */
  readonly revision: string | undefined;
  /** The decision that rollbackd noted on it. */
  readonly decision: string | undefined;
  /** Acts of rollbackd, as the Deployment itself remembers them. */
  readonly rollbacks: readonly { readonly decision: string }[];
}

export async function deploymentNow({ api, namespace }: World): Promise<DeploymentNow> {
  const { metadata, spec } = await api.get<Annotated>(
    `/apis/apps/v1/namespaces/${namespace}/deployments/vcci-api`,
  );
  const { annotations = {} } = metadata;
  return {
    image: spec.template.spec.containers[0].image,
    revision: annotations["deployment.kubernetes.io/revision"],
    decision: annotations[DECISION],
    rollbacks: JSON.parse(annotations[ROLLBACKS] ?? "[]") as DeploymentNow["rollbacks"],
  };
}

/** What rollbackd marked on the ReplicaSets, by image. */
export async function replicaSetStandings({
  api,
  namespace,
}: World): Promise<Readonly<Record<string, string | undefined>>> {
  const { items } = await api.get<{ readonly items: readonly Annotated[] }>(
    `/apis/apps/v1/namespaces/${namespace}/replicasets`,
  );
  return Object.fromEntries(
    items.map(({ metadata, spec }) => [
      spec.template.spec.containers[0].image,
      metadata.annotations?.[STANDING],
    ]),
  );
}
