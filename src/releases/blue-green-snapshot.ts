import type { RollbackNote } from "../kubernetes/annotations.ts";
import type { Deployment, Pod, PodTemplate, ReplicaSet, Service } from "../kubernetes/objects.ts";
import { describe } from "../kubernetes/resource.ts";
import { type BlueGreenTarget, blueGreenKey } from "../rules/policy.ts";
import { type Side, sidesOf, withoutColor } from "./blue-green-sides.ts";
import { lastSwitch, type Switch } from "./blue-green-switch.ts";
import { rememberedRollbacks, standings } from "./deployment-marks.ts";
import { deploymentSnapshot, type ReleaseMemory } from "./deployment-snapshot.ts";
import type { Release, Revision, RolloutStatus, Standing, TargetSnapshot } from "./release.ts";
import type { LoggedRelease } from "./script-release.ts";

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

/** What runs on one side: its Deployment as a target of its own, in the eyes of this one. */
interface Running {
  readonly release: Release;
  readonly rollout: RolloutStatus;
  readonly templates: ReadonlyMap<string, PodTemplate>;
  readonly memory: ReleaseMemory;
  /** As the target names its revisions: `green:12`. */
  readonly named: (revision: Revision) => Revision;
}

export function blueGreenSnapshot(view: BlueGreenView, target: BlueGreenTarget, known: Known): Seen {
  const { label } = target;
  const sides = sidesOf(view.service, view.deployments, target);
  if (!sides.ok) return sides;
  const replicaSets = view.replicaSets.map((each) => withoutColor(each, label));
  const notes = rememberedRollbacks(view.service, []);
  const standingOf = standings(replicaSets, notes);
  const look = (side: Side) =>
    running(side, { ...view, replicaSets }, { label, memory: known.memory, standingOf });
  const live = look(sides.live);
  if (live === undefined) return { ok: false, detail: nothingRuns(sides.live) };
  const other = sides.other.ok ? look(sides.other) : undefined;
  const key = blueGreenKey(target);
  const parts = { key, live, other, notes, logged: known.logged, switched: lastSwitch(view.service, label) };
  const { release, earlier } = releaseOf(parts);
  return {
    ok: true,
    snapshot: {
      target: key,
      uid: view.service.metadata.uid,
      release,
      earlier,
      rollbacks: notes.map(({ decision, at, from }) => ({ decisionId: decision, at, fromDigest: from })),
      rollout: rolloutOf(live, release),
      templates: new Map([...(other?.templates ?? []), ...live.templates]),
    },
    memory: new Map([live, ...(other ? [other] : [])].map(({ memory }) => [memory.uid, memory])),
  };
}

function running(
  { color, deployment }: Side,
  { replicaSets, pods, at }: Pick<BlueGreenView, "replicaSets" | "pods" | "at">,
  known: {
    readonly label: string;
    readonly memory: BlueGreenMemory;
    readonly standingOf: (digest: string) => Standing;
  },
): Running | undefined {
  const own = { deployment: withoutColor(deployment, known.label), replicaSets, pods, at };
  const seen = deploymentSnapshot(own, known.memory.get(deployment.metadata.uid));
  if (seen === undefined) return undefined;
  const { release, rollout, templates = new Map() } = seen.snapshot;
  const named = ({ name, digest, images }: Revision) => {
    return { name: `${color}:${name}`, digest, images, standing: known.standingOf(digest) };
  };
  return { release, rollout, templates, memory: seen.memory, named };
}

interface Parts {
  readonly key: string;
  readonly live: Running;
  readonly other: Running | undefined;
  readonly notes: readonly RollbackNote[];
  readonly logged: readonly LoggedRelease[];
  readonly switched: Switch | undefined;
}

/**
 * A release begins when the Service selects the other colour, or when what it selects is changed in place. The other
 * colour is what ran before only if it has stood unchanged since before the switch: what was put there later never
 * was live.
 */
function releaseOf(parts: Parts): { readonly release: Release; readonly earlier: readonly Revision[] } {
  const { key, live, other, notes, switched } = parts;
  const revision = live.named(live.release.revision);
  const isSwitch = switched !== undefined && switched.at >= live.release.startedAt;
  const identity = identify(parts, revision, isSwitch ? switched.at : live.release.startedAt);
  const ranUntil = Math.min(identity.startedAt, switched?.at ?? 0);
  const before =
    other && other.release.startedAt < ranUntil ? other.named(other.release.revision) : undefined;
  const inPlace = live.release.previous && live.named(live.release.previous);
  const wasPutBack = switched?.byRollbackd === true && notes.at(-1)?.to === revision.digest;
  return {
    release: {
      ...identity,
      target: key,
      revision,
      previous: isSwitch ? before : inPlace,
      clockAt: isSwitch ? identity.startedAt : live.release.clockAt,
      cause: wasPutBack ? "rollback" : "deploy",
      reversible: live.release.reversible,
    },
    earlier: before === undefined ? [] : [before],
  };
}

/**
 * A release keeps its id and its start over a restart of the daemon, and though its Service is changed in other ways:
 * it is the newest in the log if that runs the same. One that comes back is another release.
 */
function identify(
  { key, logged }: Pick<Parts, "key" | "logged">,
  { name, digest }: Revision,
  startedAt: number,
): Pick<Release, "id" | "startedAt"> {
  const last = logged.at(-1);
  if (last?.version === digest) return { id: last.id, startedAt: Math.min(last.startedAt, startedAt) };
  const id = `${key}@${name}`;
  const ranBefore = logged.some((release) => release.id === id);
  return { id: ranBefore ? `${id}+${new Date(startedAt).toISOString()}` : id, startedAt };
}

/** A side that was given up on before the switch is, from the switch on, a stall of the release. */
function rolloutOf({ rollout }: Running, { startedAt }: Release): RolloutStatus {
  const { stalledAt } = rollout;
  return stalledAt === undefined ? rollout : { ...rollout, stalledAt: Math.max(stalledAt, startedAt) };
}

function nothingRuns({ deployment: { metadata } }: Side): string {
  const { namespace = "", name } = metadata;
  const what = describe({ group: "apps", resource: "deployments", namespace, name });
  return `${what} has no ReplicaSet yet, so nothing of it runs`;
}
