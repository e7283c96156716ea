import type { Deployment, Pod, ReplicaSet, Service } from "../kubernetes/objects.ts";
import { describe } from "../kubernetes/resource.ts";
import { type BlueGreenTarget, blueGreenKey } from "../rules/policy.ts";
import { blueGreenRelease, type NoRunningSide, type RunningSide } from "./blue-green-release.ts";
import { type Side, type Sides, sidesOf, withoutColor } from "./blue-green-sides.ts";
import { lastSwitch, selectorWriters } from "./blue-green-switch.ts";
import { rememberedRollbacks, standings } from "./deployment-marks.ts";
import { deploymentSnapshot, type ReleaseMemory, targetOf } from "./deployment-snapshot.ts";
import { gitOpsOwners } from "./gitops-detect.ts";
import { mergeOwners } from "./gitops-owner.ts";
import type { Release, Revision, RolloutStatus, Standing, TargetSnapshot } from "./release.ts";
import { type Identities, identitiesOf, loggedNow, notesNow, withAdmitted } from "./template-identity.ts";
import type { LoggedRelease } from "./logged-release.ts";

/** A Service and all Deployments of its namespace as the cluster has them, and when that was (epoch ms). */
export interface BlueGreenView {
  readonly service: Service;
  readonly deployments: readonly Deployment[];
  /** Those that the Service selects in either colour. */
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  readonly at: number;
}

/** By the uid of a Deployment. */
export type BlueGreenMemory = ReadonlyMap<string, ReleaseMemory>;

interface Known {
  readonly memory: BlueGreenMemory;
  /** Releases of the target in the log, oldest first. */
  readonly logged: readonly LoggedRelease[];
}

type Seen =
  | { readonly ok: true; readonly snapshot: TargetSnapshot; readonly memory: BlueGreenMemory }
  | { readonly ok: false; readonly detail: string };

export function blueGreenSnapshot(view: BlueGreenView, target: BlueGreenTarget, known: Known): Seen {
  const { label } = target;
  const sides = sidesOf(view.service, view.deployments, target);
  if (!sides.ok) return sides;
  const replicaSets = view.replicaSets.map((each) => withoutColor(each, label));
  const admittedBefore = new Map([...known.memory.values()].flatMap(({ admitted }) => Array.from(admitted)));
  const admitted = withAdmitted(admittedBefore, replicaSets, view.pods);
  const noted = rememberedRollbacks(view.service, []);
  const named = [
    ...known.logged.map(({ version }) => version),
    ...noted.flatMap(({ from, to }) => [from, to]),
  ];
  const identities = identitiesOf(replicaSets, { admitted, named });
  const notes = notesNow(noted, identities);
  const standingOf = standings(replicaSets, notes, identities);
  const replicas = podsNeeded(sides);
  const look = (side: Side) =>
    running(
      side,
      { ...view, replicaSets },
      { label, memory: known.memory, standingOf, identities, replicas },
    );
  const live = look(sides.live);
  if (!live.ok) return live;
  const other = sides.other.ok ? look(sides.other) : sides.other;
  const both = other.ok ? [other, live] : [live];
  const key = blueGreenKey(target);
  const switched = lastSwitch(view.service, label);
  const logged = loggedNow(known.logged, identities);
  const { release, earlier } = blueGreenRelease({ key, live, other, notes, logged, switched, at: view.at });
  return {
    ok: true,
    snapshot: {
      target: key,
      uid: view.service.metadata.uid,
      release,
      earlier,
      rollbacks: notes.map(({ decision, at, from }) => ({ decisionId: decision, at, fromDigest: from })),
      rollout: rolloutOf(live, release),
      deployments: [sides.live, ...(sides.other.ok ? [sides.other] : [])].map((side) =>
        targetOf(side.deployment),
      ),
      ...ownersOf(view.service, label, other),
      templates: new Map(both.flatMap(({ templates }) => [...templates])),
    },
    memory: new Map(both.map(({ memory }) => [memory.uid, memory])),
  };
}

function running(
  { color, deployment }: Side,
  { replicaSets, pods, at }: Pick<BlueGreenView, "replicaSets" | "pods" | "at">,
  known: {
    readonly label: string;
    readonly memory: BlueGreenMemory;
    readonly standingOf: (digest: string) => Standing;
    readonly identities: Identities;
    readonly replicas: number;
  },
): RunningSide | NoRunningSide {
  const own = { deployment: withoutColor(deployment, known.label), replicaSets, pods, at };
  const memory = known.memory.get(deployment.metadata.uid);
  const seen = deploymentSnapshot(own, { memory, identities: known.identities });
  if (seen === undefined) {
    const { namespace = "", name } = deployment.metadata;
    const what = describe({ group: "apps", resource: "deployments", namespace, name });
    return { ok: false, detail: `${what} has no ReplicaSet yet, so nothing of it runs` };
  }
  const { release, rollout, templates = new Map(), owners = [] } = seen.snapshot;
  const named = ({ goodIn: _ofGroups, ...revision }: Revision): Revision => {
    const { name, digest } = revision;
    const side = { deployment: deployment.metadata.name, replicas: known.replicas };
    return { ...revision, name: `${color}:${name}`, standing: known.standingOf(digest), side };
  };
  return { ok: true, release, rollout, templates, owners, memory: seen.memory, named };
}

/** Either colour gets as many as the live one has, and is never scaled down. */
function podsNeeded({ live, other }: Sides): number {
  const wanted = [live, ...(other.ok ? [other] : [])].map(({ deployment }) => deployment.spec.replicas ?? 1);
  return Math.max(1, ...wanted);
}

/** Of what a rollback changes: the Service's selector, and how many pods the other colour has. */
function ownersOf(
  service: Service,
  label: string,
  other: RunningSide | NoRunningSide,
): Pick<TargetSnapshot, "owners"> {
  const ofService = gitOpsOwners(service, { writers: selectorWriters(service, label), kind: "Service" });
  const all = mergeOwners([...ofService, ...(other.ok ? other.owners : [])]);
  return all.length === 0 ? {} : { owners: all };
}

/** A side that was given up on before the switch is, from the switch on, a stall of the release. */
function rolloutOf({ rollout }: RunningSide, { startedAt }: Release): RolloutStatus {
  const { stalledAt } = rollout;
  return stalledAt === undefined ? rollout : { ...rollout, stalledAt: Math.max(stalledAt, startedAt) };
}
