import { goodNote, quarantinedNote, STANDING } from "../kubernetes/annotations.ts";
import type { KubeApi } from "../kubernetes/api.ts";
import { templateDigest } from "./deployment-digest.ts";
import { deploymentRef, readDeployment, readReplicaSets, replicaSetsRef } from "./deployment-read.ts";
import type { MarkStanding } from "./watch.ts";

/** Writes a standing on every ReplicaSet of the digest; none left is nothing to write. Throws KubeError. */
export function deploymentStandings(api: KubeApi): MarkStanding {
  return async (target, digest, standing) => {
    const deployment = await readDeployment(api, target);
    // `kubectl rollout undo` can leave a standing here, and the controller would copy it over the one below.
    if (deployment.metadata.annotations?.[STANDING] !== undefined) {
      await api.patch(deploymentRef(target), annotate(null));
    }
    const note =
      standing.kind === "good" ? goodNote(digest, standing.at) : quarantinedNote(digest, standing.decisionId);
    for (const { metadata, spec } of await readReplicaSets(api, deployment)) {
      if (templateDigest(spec.template) !== digest) continue;
      const { namespace } = deploymentRef(target);
      await api.patch({ ...replicaSetsRef(namespace), name: metadata.name }, annotate(note));
    }
  };
}

function annotate(value: string | null) {
  return { kind: "merge", value: { metadata: { annotations: { [STANDING]: value } } } } as const;
}
