import { goodNote, quarantinedNote, STANDING } from "../kubernetes/annotations.ts";
import type { KubeApi } from "../kubernetes/api.ts";
import type { Deployment, ReplicaSet } from "../kubernetes/objects.ts";
import { deploymentRef, readDeployment, readReplicaSets, replicaSetsRef } from "./deployment-read.ts";
import { findBy } from "./template-identity.ts";
import type { MarkStanding } from "./watch.ts";

/** Writes a standing on every ReplicaSet of the digest; none left is nothing to write. Throws KubeError. */
export function deploymentStandings(api: KubeApi): MarkStanding {
  return (target, digest, standing) => writeNote(api, target, digest, noteOf(digest, standing));
}

/** Writes it on the ReplicaSets of each member; proven good is one only in the company that it was proven in. */
export function groupStandings(api: KubeApi): MarkStanding {
  return async (target, group, standing, members = {}) => {
    const { namespace } = deploymentRef(target);
    await Promise.all(
      Object.entries(members).map(([name, { digest }]) =>
        writeNote(api, `${namespace}/${name}`, digest, noteOf(digest, standing, group)),
      ),
    );
  };
}

export function noteOf(digest: string, standing: Parameters<MarkStanding>[2], group?: string): string {
  return standing.kind === "good"
    ? goodNote(digest, standing.at, group)
    : quarantinedNote(digest, standing.decisionId);
}

async function writeNote(api: KubeApi, target: string, digest: string, note: string): Promise<void> {
  const deployment = await readDeployment(api, target);
  const all = await readReplicaSets(api, deployment);
  const replicaSets = findBy(all, digest);
  await writeStanding(api, { deployments: [deployment], replicaSets }, note);
}

/** `replicaSets`: those that it is about; `deployments`: all that they could belong to. Throws KubeError. */
export async function writeStanding(
  api: KubeApi,
  objects: { readonly deployments: readonly Deployment[]; readonly replicaSets: readonly ReplicaSet[] },
  note: string,
): Promise<void> {
  for (const { metadata } of objects.deployments) {
    // `kubectl rollout undo` can leave a standing here, and the controller would copy it over the one below.
    if (metadata.annotations?.[STANDING] === undefined) continue;
    await api.patch(deploymentRef(`${metadata.namespace}/${metadata.name}`), annotate(null));
  }
  for (const { metadata } of objects.replicaSets) {
    const replicaSets = replicaSetsRef(metadata.namespace ?? "default");
    await api.patch({ ...replicaSets, name: metadata.name }, annotate(note));
  }
}

export function annotate(value: string | null) {
  return { kind: "merge", value: { metadata: { annotations: { [STANDING]: value } } } } as const;
}
