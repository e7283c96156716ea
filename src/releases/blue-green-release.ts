import { formatInstant } from "../text/format.ts";
import type { RollbackNote } from "../kubernetes/annotations.ts";
import type { PodTemplate } from "../kubernetes/objects.ts";
import type { Switch } from "./blue-green-switch.ts";
import { startAfter } from "./deployment-dates.ts";
import type { ReleaseMemory } from "./deployment-snapshot.ts";
import type { GitOpsOwner } from "./gitops-owner.ts";
import type { Release, Revision, RolloutStatus } from "./release.ts";
import type { LoggedRelease } from "./logged-release.ts";

/** What runs on one side: its Deployment as a target of its own. */
export interface RunningSide {
  readonly ok: true;
  readonly release: Release;
  readonly rollout: RolloutStatus;
  readonly templates: ReadonlyMap<string, PodTemplate>;
  /** Of its Deployment. */
  readonly owners: readonly GitOpsOwner[];
  readonly memory: ReleaseMemory;
  /** As the blue/green target names its revisions: `green:12`. */
  readonly named: (revision: Revision) => Revision;
}

/** `detail`: why nothing runs there, as a sentence without its full stop. */
export interface NoRunningSide {
  readonly ok: false;
  readonly detail: string;
}

interface Parts {
  /** The target's. */
  readonly key: string;
  readonly live: RunningSide;
  readonly other: RunningSide | NoRunningSide;
  readonly notes: readonly RollbackNote[];
  /** Releases of the target in the log, oldest first. */
  readonly logged: readonly LoggedRelease[];
  readonly switched: Switch | undefined;
  /** When all this was seen, epoch ms. */
  readonly at: number;
}

/**
 * A release begins when the Service selects the other colour, or when what it selects is changed in place. The other
 * colour is what ran before only if it has stood unchanged since before the switch: what was put there later never
 * was live.
 */
export function blueGreenRelease(seen: Parts): {
  readonly release: Release;
  readonly earlier: readonly Revision[];
} {
  const { key, live, notes } = seen;
  const revision = live.named(live.release.revision);
  const switched = dated(seen, revision);
  const parts = { ...seen, switched };
  const identity = identify(parts, revision, Math.max(switched?.at ?? 0, live.release.startedAt));
  const before = ranBefore(parts, identity.startedAt);
  const { writer, ...beginning } = beginningOf(parts, identity.startedAt, before);
  const wasPutBack = switched?.byRollbackd === true && notes.at(-1)?.to === revision.digest;
  const release: Release = {
    ...identity,
    ...beginning,
    target: key,
    revision,
    ...(before.revision === undefined && { nothingBefore: before.why }),
    cause: wasPutBack ? "rollback" : "deploy",
    reversible: live.release.reversible,
    ...(!wasPutBack && writer !== undefined && { writtenBy: writer }),
  };
  return { release, earlier: before.revision === undefined ? [] : [before.revision] };
}

/**
 * A Kubernetes before 1.25 keeps the date of a manager's first switch while the same manager switches again: one that
 * ended a release on the other colour came after that had begun.
 */
function dated({ key, logged, switched, at }: Parts, { name, digest }: Revision): Switch | undefined {
  const ended = logged.findLast(({ version }) => version !== digest);
  if (switched === undefined || ended === undefined) return switched;
  const wasInPlace = ended.id.startsWith(`${key}@${name.split(":")[0]}:`);
  if (wasInPlace) return switched;
  return { ...switched, at: startAfter(logged, digest, { startedAt: switched.at, seenAt: at }) };
}

type Beginning = Pick<Release, "previous" | "clockAt"> & { readonly writer: string | undefined };

/** A switch to what is there already, or a change in place, which has to get ready first. */
function beginningOf({ live, switched }: Parts, startedAt: number, before: Before): Beginning {
  const { previous, clockAt, writtenBy, startedAt: changedAt } = live.release;
  // Each date can be too late, but not the one that was on record when it was new.
  return switched !== undefined && (switched.at === startedAt || switched.at >= changedAt)
    ? { previous: before.revision, clockAt: startedAt, writer: switched.manager }
    : { previous: previous && live.named(previous), clockAt, writer: writtenBy };
}

type Before = { readonly revision: Revision } | { readonly revision?: undefined; readonly why: string };

function ranBefore({ other, switched }: Parts, startedAt: number): Before {
  if (!other.ok) return { why: other.detail };
  const revision = other.named(other.release.revision);
  if (switched === undefined) return { why: `the Service has selected the same colour since it was made` };
  const until = Math.min(startedAt, switched.at);
  const since = other.release.startedAt;
  // Within one second nothing tells which came first.
  if (since < until) return { revision };
  const deployed = `${revision.name} was deployed at ${formatInstant(since)}`;
  return { why: `${deployed}, and the switch away from its colour was at ${formatInstant(until)}` };
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
