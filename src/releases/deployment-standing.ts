import { goodNote, quarantinedNote, STANDING } from "../kubernetes/annotations.ts";
import type { KubeApi } from "../kubernetes/api.ts";
import { templateDigest } from "./deployment-digest.ts";
import { deploymentRef, readDeployment, readReplicaSets, replicaSetsRef } from "./deployment-read.ts";
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

function noteOf(digest: string, standing: Parameters<MarkStanding>[2], group?: string): string {
  return standing.kind === "good"
    ? goodNote(digest, standing.at, group)
    : quarantinedNote(digest, standing.decisionId);
}

async function writeNote(api: KubeApi, target: string, digest: string, note: string): Promise<void> {
  const deployment = await readDeployment(api, target);
  // `kubectl rollout undo` can leave a standing here, and the controller would copy it over the one below.
  if (deployment.metadata.annotations?.[STANDING] !== undefined) {
    await api.patch(deploymentRef(target), annotate(null));
  }
  for (const { metadata, spec } of await readReplicaSets(api, deployment)) {
    if (templateDigest(spec.template) !== digest) continue;
    const { namespace } = deploymentRef(target);
    await api.patch({ ...replicaSetsRef(namespace), name: metadata.name }, annotate(note));
  }
}

function annotate(value: string | null) {
  return { kind: "merge", value: { metadata: { annotations: { [STANDING]: value } } } } as const;
}
