import type { RollbackNote } from "../kubernetes/annotations.ts";
import type { Deployment, KubeObject, Pod } from "../kubernetes/objects.ts";
import type { Use } from "./deployment-history.ts";
import { completedAt, instant } from "./deployment-rollout.ts";
import type { LoggedRelease } from "./logged-release.ts";
import { writesOfTemplate } from "./template-writer.ts";

/**
 * When a use of a template began, epoch ms. A new ReplicaSet says it itself. One that was used before is
 * dated by the change of the Deployment: the writer's entry in `managedFields` and the end of the rollout can
 * only be later than that, so the earlier of them is nearest. But a Kubernetes before 1.25 keeps the date of a
 * manager's first change while the same manager changes the value again: what is no later than the ReplicaSet of
 * something that ran before is about that. What rollbackd put back it has noted itself, since it gives its fields of the
 * template to those who deploy: `restoredAt`. Where nothing tells, it began when it was seen, at the latest: `seenAt`.
 */
export function startOf(
  use: Use,
  uses: readonly Use[],
  deployment: Deployment,
  { seenAt, restoredAt }: { readonly seenAt: number; readonly restoredAt: number | undefined },
): number {
  if (use.first) return createdAt(use);
  const before = Math.max(...uses.filter(({ revision }) => revision <= use.revision).map(createdAt));
  const dates = [restoredAt, templateWrittenAt(deployment), rolledOutAt(deployment)];
  return earliest(dates, before + 1) ?? seenAt;
}

/** Where there are no pods to replace, the controller leaves the date of the rollout before as it is. */
function rolledOutAt(deployment: Deployment): number | undefined {
  const { replicas = 0 } = deployment.status ?? {};
  return replicas === 0 ? undefined : completedAt(deployment);
}

/**
 * What came back began after what the log says ran in between, whatever the cluster dates it by. `logged`: releases of
 * the target, oldest first. All in epoch ms.
 */
export function startAfter(
  logged: readonly LoggedRelease[],
  digest: string,
  { startedAt, seenAt }: { readonly startedAt: number; readonly seenAt: number },
): number {
  const ended = logged.findLast(({ version }) => version !== digest);
  if (ended === undefined || startedAt > ended.startedAt) return startedAt;
  const last = logged.at(-1);
  return last?.version === digest ? last.startedAt : seenAt;
}

function createdAt({ replicaSet }: Use): number {
  return instant(replicaSet.metadata.creationTimestamp) ?? 0;
}

/**
 * The first Ready pod of a release as far as its pods and conditions still tell, epoch ms. Pods that were
 * replaced take their evidence with them, so this can be too late, never too early.
 */
export function firstReadyAt(
  deployment: Deployment,
  pods: readonly Pod[],
  startedAt: number,
): number | undefined {
  // Pods of a template that was put back before they were gone have been Ready all along.
  const ready = earliest(pods.map(readySince), 0);
  return earliest([ready && Math.max(ready, startedAt), completedAt(deployment)], startedAt);
}

/** One spell of one digest, under its newest number. */
export interface DatedUse {
  readonly use: Use;
  /** Epoch ms. */
  readonly from: number;
  readonly cause: "deploy" | "rollback";
}

/**
 * What ran before `revision`, newest first: as far back as no number is missing and each spell can be dated, by
 * the ReplicaSet that was made for it or by the act of rollbackd that began it.
 */
export function ranBefore(
  uses: readonly Use[],
  revision: number,
  rollbacks: readonly RollbackNote[],
): readonly DatedUse[] {
  const found: DatedUse[] = [];
  for (let next = revision; ;) {
    const last = uses.find((use) => use.revision === next - 1);
    if (last === undefined) return found;
    const first = spellStart(uses, last);
    const note = rollbacks.find(({ to, revision: at }) => to === first.digest && at === first.revision);
    const from = first.first ? instant(first.replicaSet.metadata.creationTimestamp) : note?.at;
    if (from === undefined) return found;
    found.push({ use: last, from, cause: note === undefined ? "deploy" : "rollback" });
    next = first.revision;
  }
}

/** The first of the consecutive uses of one digest that end with `last`. */
function spellStart(uses: readonly Use[], last: Use): Use {
  const before = uses.find(({ revision }) => revision === last.revision - 1);
  return before?.digest === last.digest ? spellStart(uses, before) : last;
}

function earliest(instants: readonly (number | undefined)[], notBefore: number): number | undefined {
  const known = instants.filter((at) => at !== undefined && at >= notBefore).map(Number);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Epoch ms; undefined for a pod that is not Ready. */
export function readySince(pod: Pod): number | undefined {
  const ready = pod.status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" ? instant(ready.lastTransitionTime) : undefined;
}

/** The newest write by anybody who owns fields of the template. */
export function templateWrittenAt(workload: KubeObject): number | undefined {
  const times = writesOfTemplate(workload)
    .map((entry) => instant(entry.time))
    .filter((at) => at !== undefined);
  return times.length === 0 ? undefined : Math.max(...times);
}
