import { REVERSIBLE, type RollbackNote } from "../kubernetes/annotations.ts";
import type { Deployment, Pod, ReplicaSet } from "../kubernetes/objects.ts";
import { clockAt } from "./clock.ts";
import { firstReadyAt, ranBefore, startAfter, startOf } from "./deployment-dates.ts";
import { historyOf, ownedBy, type History, type Use } from "./deployment-history.ts";
import { provenIn, rememberedRollbacks, restoredDigest, standings } from "./deployment-marks.ts";
import { deadlineExceededAt, rolloutStatus } from "./deployment-rollout.ts";
import { gitOpsOwners } from "./gitops-detect.ts";
import { pausedDeployment } from "./held-back.ts";
import type { Release, Revision, RolloutStatus, Standing, TargetSnapshot } from "./release.ts";
import type { LoggedRelease } from "./logged-release.ts";
import {
  type Admitted,
  type Identities,
  identitiesOf,
  loggedNow,
  notesNow,
  withAdmitted,
} from "./template-identity.ts";
import { imagesOf, pulledBy, type PulledBefore, withPulled } from "./pulled-images.ts";
import { templateWriters } from "./template-writer.ts";

/** The objects of one Deployment as the cluster has them, and when that was (epoch ms). */
export interface DeploymentView {
  readonly deployment: Deployment;
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  readonly at: number;
}

/**
 * What was seen of the running release and can no longer be read from the cluster: a ReplicaSet beyond the
 * history limit is deleted, a Ready pod is replaced. Without it dates can be too late, never too early.
 */
export interface ReleaseMemory {
  readonly uid: string;
  readonly digest: string;
  readonly firstRevision: number;
  readonly startedAt: number;
  readonly firstReadyAt: number | undefined;
  readonly admitted: Admitted;
  readonly pulled: PulledBefore;
}

interface Remembered {
  readonly memory?: ReleaseMemory | undefined;
  /** Its releases, oldest first. */
  readonly logged?: readonly LoggedRelease[];
  /** What people call an object that holds an earlier template; a ReplicaSet unless said. */
  readonly holder?: string;
  /** Where its templates are compared with those of other Deployments, too. */
  readonly identities?: Identities;
}

/** Undefined while the Deployment has no ReplicaSet, so that nothing of it can run. */
export function deploymentSnapshot(
  view: DeploymentView,
  remembered: Remembered = {},
): { readonly snapshot: TargetSnapshot; readonly memory: ReleaseMemory } | undefined {
  const { deployment } = view;
  const { memory, logged: inLog = [] } = remembered;
  const owned = ownedBy(deployment, view.replicaSets);
  const admitted = withAdmitted(memory?.admitted ?? new Map(), owned, view.pods);
  const pulled = withPulled(memory?.pulled ?? new Map(), owned, view.pods);
  const notes = rememberedRollbacks(deployment, owned).map((note) => asRestored(note, deployment));
  const named = [...inLog.map(({ version }) => version), ...notes.flatMap(({ from, to }) => [from, to])];
  const identities = remembered.identities ?? identitiesOf(owned, { admitted, named });
  const history = historyOf(deployment, view.replicaSets, identities.of);
  if (history === undefined) return undefined;
  const rollbacks = notesNow(notes, identities);
  const standingOf = standings(owned, rollbacks, identities);
  const logged = loggedNow(inLog, identities);
  const updated = remember(view, history, { memory, logged, admitted, pulled, rollbacks });
  const known = { standingOf, identities, pulled };
  const owners = gitOpsOwners(deployment);
  const paused = pausedDeployment(deployment, owned);
  const snapshot: TargetSnapshot = {
    target: targetOf(deployment),
    uid: deployment.metadata.uid,
    release: {
      ...releaseOf(view, history, { memory: updated, rollbacks, ...known }),
      ...lostBefore(view, history, { memory: updated, logged, holder: remembered.holder }),
    },
    earlier: earlierOf(history, known),
    ranBefore: ranBefore(history.uses, updated.firstRevision, rollbacks).map(({ use, from, cause }) => {
      return { revision: revisionOfUse(use, known), from, cause };
    }),
    rollbacks: rollbacks.map(({ decision, at, from }) => ({ decisionId: decision, at, fromDigest: from })),
    rollout: rolloutOf(view, history, updated),
    ...(owners.length > 0 && { owners }),
    ...(paused && { heldBack: [paused] }),
    templates: new Map([
      ...(paused?.staged === undefined ? [] : [[paused.staged, deployment.spec.template] as const]),
      ...history.uses.map(({ digest, replicaSet }) => [digest, replicaSet.spec.template] as const),
    ]),
  };
  return { snapshot, memory: updated };
}

/** With the digest that runs since, which is what its revision is found by. */
function asRestored(note: RollbackNote, deployment: Deployment): RollbackNote {
  return { ...note, to: restoredDigest(note, deployment) };
}

/** What is known of digests. */
interface Digests {
  readonly standingOf: (digest: string) => Standing;
  readonly identities: Identities;
  readonly pulled: PulledBefore;
}

interface Known extends Digests {
  readonly memory: ReleaseMemory;
  readonly rollbacks: readonly RollbackNote[];
}

/** `namespace/name` */
export function targetOf({ metadata }: Deployment): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function releaseOf(view: DeploymentView, history: History, known: Known): Release {
  const { deployment, at } = view;
  const { memory, rollbacks } = known;
  const { digest, firstRevision, startedAt } = memory;
  const { template } = history.current.spec;
  const before = history.uses.find(({ revision }) => revision === firstRevision - 1);
  const seconds = deployment.spec.progressDeadlineSeconds;
  const isOurs = rollbacks.some(
    ({ to, revision }) => to === digest && nothingElseSince(history, digest, revision),
  );
  const [writer] = templateWriters(deployment);
  return {
    id: `${targetOf(deployment)}@${firstRevision}`,
    target: targetOf(deployment),
    revision: {
      name: String(firstRevision),
      ...ofDigest(digest, history.current, known),
      images: imagesOf(template),
      pulled: pulledBy(
        history.run.map(({ replicaSet }) => replicaSet),
        view.pods,
      ),
      runsIn: runsIn(history.run.map(({ replicaSet }) => replicaSet)),
    },
    previous: before === undefined ? undefined : revisionOfUse(before, known),
    startedAt,
    clockAt: clockAt({
      startedAt,
      firstReadyAt: memory.firstReadyAt,
      deadlineExceededAt: deadlineExceededAt(deployment, startedAt),
      progressDeadlineMs: seconds === undefined ? undefined : seconds * 1000,
      at,
    }),
    cause: isOurs ? "rollback" : "deploy",
    reversible: template.metadata?.annotations?.[REVERSIBLE] !== "false",
    ...(!isOurs && writer !== undefined && { writtenBy: writer }),
  };
}

/** What ran before the release is gone with the object that held it; the log may know its name. */
function lostBefore(
  { deployment }: DeploymentView,
  { uses }: History,
  {
    memory: { digest, firstRevision, startedAt },
    logged,
    holder = "ReplicaSet",
  }: {
    readonly memory: ReleaseMemory;
    readonly logged: readonly LoggedRelease[];
    readonly holder: string | undefined;
  },
): Pick<Release, "nothingBefore"> {
  if (firstRevision <= 1 || uses.some(({ revision }) => revision === firstRevision - 1)) return {};
  const known = logged.findLast((each) => each.version !== digest && each.startedAt < startedAt);
  const name =
    known === undefined ? String(firstRevision - 1) : known.id.slice(known.id.lastIndexOf("@") + 1);
  const { revisionHistoryLimit } = deployment.spec;
  const limit = revisionHistoryLimit === undefined ? "" : ` is ${revisionHistoryLimit}`;
  return {
    nothingBefore: `no ${holder} holds revision ${name} any more, which ran before it (revisionHistoryLimit${limit})`,
  };
}

/** The memory goes on for as long as the same digest runs without another one in between. */
function remember(
  { deployment, pods, at }: DeploymentView,
  { uses, run }: History,
  {
    memory,
    logged,
    rollbacks,
    ...seen
  }: Pick<ReleaseMemory, "admitted" | "pulled"> & {
    readonly memory: ReleaseMemory | undefined;
    readonly logged: readonly LoggedRelease[];
    readonly rollbacks: readonly RollbackNote[];
  },
): ReleaseMemory {
  const [first] = run;
  const { uid } = deployment.metadata;
  const same =
    memory?.uid === uid &&
    memory.digest === first.digest &&
    nothingElseSince({ uses }, first.digest, memory.firstRevision)
      ? memory
      : undefined;
  const note = rollbacks.find(({ to, revision }) => to === first.digest && revision === first.revision);
  const begun = startOf(first, uses, deployment, { seenAt: at, restoredAt: note?.at });
  const dates = { startedAt: begun, seenAt: at };
  const startedAt = Math.min(same?.startedAt ?? Infinity, startAfter(logged, first.digest, dates));
  const ofRun = run.flatMap(({ replicaSet }) => ownedBy(replicaSet, pods));
  const ready = [same?.firstReadyAt, firstReadyAt(deployment, ofRun, startedAt)].filter(
    (known) => known !== undefined,
  );
  return {
    uid,
    digest: first.digest,
    firstRevision: Math.min(same?.firstRevision ?? Infinity, first.revision),
    startedAt,
    firstReadyAt: ready.length === 0 ? undefined : Math.min(...ready),
    ...seen,
  };
}

function nothingElseSince({ uses }: Pick<History, "uses">, digest: string, revision: number): boolean {
  return uses.every((use) => use.digest === digest || use.revision < revision);
}

/**
 * Pods that got ready once and were then restarted tell of the cluster they run in, not of the release: what
 * stalls there is not its rollout.
 */
function rolloutOf(
  { deployment, pods }: DeploymentView,
  { run, current }: Pick<History, "run" | "current">,
  { startedAt, firstReadyAt: readyAt }: ReleaseMemory,
): RolloutStatus {
  const status = rolloutStatus(deployment, startedAt, ownedBy(current, pods));
  const stalledAt = status.stalled ? deadlineExceededAt(deployment, startedAt) : undefined;
  const isRestart = run.length > 1 && readyAt !== undefined;
  return stalledAt === undefined || isRestart ? status : { ...status, stalledAt };
}

/** Each other digest once, at its newest use, under the number that `kubectl rollout undo` knows it by. */
function earlierOf({ uses, run }: History, known: Digests): readonly Revision[] {
  const running = run[0].digest;
  const newestFirst = uses.toReversed().filter(({ digest }) => digest !== running);
  const once = new Map(newestFirst.toReversed().map((use) => [use.digest, use]));
  return newestFirst.filter((use) => once.get(use.digest) === use).map((use) => revisionOfUse(use, known));
}

function revisionOfUse({ digest, replicaSet, revision }: Use, known: Digests): Revision {
  const lastPulled = known.pulled.get(replicaSet.metadata.uid) ?? {};
  return {
    name: String(revision),
    ...ofDigest(digest, replicaSet, known),
    images: imagesOf(replicaSet.spec.template),
    ...(Object.keys(lastPulled).length > 0 && { lastPulled }),
    runsIn: runsIn([replicaSet]),
  };
}

/** One release may have several ReplicaSets: a restart makes a new one of the same template. */
function runsIn(replicaSets: readonly ReplicaSet[]): NonNullable<Revision["runsIn"]> {
  const since = Math.min(...replicaSets.map(({ metadata }) => Date.parse(metadata.creationTimestamp)));
  const all = replicaSets.flatMap(({ metadata, spec }) =>
    Object.entries(imagesOf(spec.template)).map(([container, image]) => {
      return { image, where: { replicaSet: metadata.name, container, since } };
    }),
  );
  const grouped = Map.groupBy(all, ({ image }) => image);
  return Object.fromEntries([...grouped].map(([image, found]) => [image, found.map(({ where }) => where)]));
}

function ofDigest(
  digest: string,
  replicaSet: ReplicaSet,
  { standingOf, identities }: Digests,
): Pick<Revision, "digest" | "standing" | "formerly" | "goodIn"> {
  const formerly = identities.formerly(digest);
  const goodIn = provenIn(replicaSet, digest);
  return {
    digest,
    standing: standingOf(digest),
    ...(formerly.length > 0 && { formerly }),
    ...(goodIn !== undefined && { goodIn }),
  };
}
