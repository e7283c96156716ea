import type { Deployment, PodTemplate, ReplicaSet, StatefulSet } from "../kubernetes/objects.ts";
import { describe } from "../kubernetes/resource.ts";
import { isObserved } from "./statefulset-observed.ts";
import { digestAmong, sameTemplate, templateDigest } from "./deployment-digest.ts";

/** A pod that stays as it is when the template changes, and the template that it runs. */
export interface StayingPod {
  readonly name: string;
  readonly template: PodTemplate;
}

/** A setting of a workload that keeps pods from following the template. */
export interface HeldBack {
  readonly kind: "paused" | "OnDelete" | "partition";
  readonly namespace: string;
  readonly name: string;
  /** What the setting is; a sentence without its full stop. */
  readonly detail: string;
  /** Only a person may put the earlier template back. */
  readonly needsPerson: boolean;
  /** Of a paused Deployment: the digest of a template that was changed during the pause, which no pod runs. */
  readonly staged?: string;
  /** Absent of a Deployment, and where the pods were not read. */
  readonly stays?: readonly StayingPod[];
  /** Of a group: the Deployment that it is about. */
  readonly member?: string;
}

/** Automation writes nothing to a paused Deployment: a person paused it, and looks at it. */
export function pausedDeployment(
  { metadata, spec }: Deployment,
  replicaSets: readonly ReplicaSet[],
): HeldBack | undefined {
  if (spec.paused !== true) return undefined;
  const { namespace = "", name } = metadata;
  const what = describe({ group: "apps", resource: "deployments", namespace, name });
  const detail = `${what} is paused, and automation changes nothing on a paused Deployment`;
  const isKnown = replicaSets.some((one) => sameTemplate(one.spec.template, spec.template));
  const staged = isKnown ? {} : { staged: templateDigest(spec.template) };
  return { kind: "paused", namespace, name, detail, needsPerson: true, ...staged };
}

/**
 * Putting the template back is safe: no pod that the strategy holds back changes by that. Where no pod follows the
 * newest template yet, the release runs nowhere and cannot be the cause of anything.
 */
export function heldBackStatefulSet(
  statefulSet: StatefulSet,
  stays?: readonly StayingPod[],
): HeldBack | undefined {
  const { metadata, spec, status } = statefulSet;
  const { type, rollingUpdate: { partition = 0 } = {} } = spec.updateStrategy ?? {};
  if (type !== "OnDelete" && partition === 0) return undefined;
  const { namespace = "", name } = metadata;
  const kind = type === "OnDelete" ? type : "partition";
  const setting = kind === "OnDelete" ? "updateStrategy OnDelete" : `partition ${partition}`;
  const runsNowhere = isObserved(statefulSet) && (status?.updatedReplicas ?? 0) === 0;
  const what = describe({ group: "apps", resource: "statefulsets", namespace, name });
  const nowhere = runsNowhere ? ", and no pod runs its newest template" : "";
  const detail = `${what} has ${setting}${nowhere}`;
  return { kind, namespace, name, detail, needsPerson: runsNowhere, ...(stays && { stays }) };
}

/**
 * What a person does once the template of `from` is no longer the workload's: a sentence without its full stop, with the
 * command. Undefined where nothing is left to do. Never to be said while the workload has that template.
 */
export function leftToPeople(held: HeldBack, from: string): string | undefined {
  const { kind, namespace, name } = held;
  const kubectl = `kubectl -n ${namespace}`;
  if (kind === "paused") {
    return `${name} is still paused and has the earlier template again; resume it: ${kubectl} rollout resume deployment/${name}`;
  }
  const pods = (held.stays ?? []).flatMap(({ name: pod, template }) =>
    digestAmong(template, [from]) === from ? [pod] : [],
  );
  if (pods.length === 0) return undefined;
  const still = `the template is back, and ${pods.join(", ")} still ${pods.length === 1 ? "runs" : "run"} the release`;
  if (kind === "OnDelete") return `${still}; delete now: ${kubectl} delete pod ${pods.join(" ")}`;
  // A pod below the partition that is deleted is made again as it was.
  const patch = JSON.stringify({ spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
  return `${still} below the partition; let them follow: ${kubectl} patch statefulset ${name} --patch '${patch}'`;
}
