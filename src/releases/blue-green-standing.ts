import type { KubeApi } from "../kubernetes/api.ts";
import { readBlueGreen } from "./blue-green-read.ts";
import { type Colors, sidesOf, withoutColor } from "./blue-green-sides.ts";
import { noteOf, writeStanding } from "./deployment-standing.ts";
import { findBy } from "./template-identity.ts";
import type { MarkStanding } from "./watch.ts";

/** Writes a standing on every ReplicaSet of the digest, in either colour. Throws KubeError. */
export function blueGreenStandings(api: KubeApi, colors: Colors): MarkStanding {
  return async (target, digest, standing) => {
    const { service, deployments, replicaSets } = await readBlueGreen(api, target, colors);
    const sides = sidesOf(service, deployments, colors);
    if (!sides.ok) return;
    const both = [sides.live, ...(sides.other.ok ? [sides.other] : [])].map(({ deployment }) => deployment);
    const plain = replicaSets.map((one) => withoutColor(one, colors.label));
    const running = findBy(plain, digest);
    await writeStanding(api, { deployments: both, replicaSets: running }, noteOf(digest, standing));
  };
}
