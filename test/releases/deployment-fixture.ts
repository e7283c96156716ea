import type { Condition, Deployment, Pod, PodTemplate, ReplicaSet } from "../../src/kubernetes/objects.ts";
import { clock } from "../support/model.ts";

export const UID = "deployment-uid";

/** `time` is a time of day of the tests' day, as in `clock`. */
function iso(time: string): string {
  return new Date(clock(time)).toISOString().replace(".000Z", "Z");
}

export function template(image: string, annotations: Readonly<Record<string, string>> = {}): PodTemplate {
  return {
    metadata: { labels: { app: "vcci-api" }, annotations },
    spec: { containers: [{ name: "api", image }] },
  };
}

export function restarted(image: string, time: string): PodTemplate {
  return template(image, { "kubectl.kubernetes.io/restartedAt": iso(time) });
}

export interface ReplicaSetSpec {
  readonly revision: number;
  readonly template: PodTemplate;
  readonly created: string;
  /** Numbers that it had before. */
  readonly history?: readonly number[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export function replicaSet(spec: ReplicaSetSpec): ReplicaSet {
  const name = `vcci-api-${spec.created.replaceAll(":", "")}`;
  return {
    metadata: {
      name,
      namespace: "vcci-production",
      uid: name,
      resourceVersion: "1",
      creationTimestamp: iso(spec.created),
      ownerReferences: [{ uid: UID, controller: true }],
      annotations: {
        "deployment.kubernetes.io/revision": String(spec.revision),
        ...(spec.history && { "deployment.kubernetes.io/revision-history": spec.history.join(",") }),
        ...spec.annotations,
      },
    },
    spec: {
      template: {
        ...spec.template,
        metadata: {
          ...spec.template.metadata,
          labels: { ...spec.template.metadata?.labels, "pod-template-hash": name },
        },
      },
    },
  };
}

export interface DeploymentSpec {
  readonly template: PodTemplate;
  readonly annotations?: Readonly<Record<string, string>>;
  /** When the template was last written, and by whom, as `managedFields` tell. */
  readonly written?: string;
  readonly progressing?: Condition;
  /** Pods: wanted, all, of the newest template, available. Default: two, all well. */
  readonly pods?: readonly [wanted: number, all: number, updated: number, available: number];
  readonly observed?: boolean;
  readonly paused?: boolean;
}

export function deployment(spec: DeploymentSpec): Deployment {
  const [wanted, all, updated, available] = spec.pods ?? [2, 2, 2, 2];
  return {
    metadata: {
      name: "vcci-api",
      namespace: "vcci-production",
      uid: UID,
      resourceVersion: "7",
      generation: 3,
      creationTimestamp: iso("09:00:00"),
      annotations: { ...spec.annotations },
      ...(spec.written && {
        managedFields: [
          { manager: "kubectl", time: iso(spec.written), fieldsV1: { "f:spec": { "f:template": {} } } },
          { manager: "kube-controller-manager", time: iso("11:59:59"), fieldsV1: { "f:status": {} } },
        ],
      }),
    },
    spec: {
      replicas: wanted,
      paused: spec.paused ?? false,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: { app: "vcci-api" } },
      template: spec.template,
    },
    status: {
      observedGeneration: spec.observed === false ? 2 : 3,
      replicas: all,
      updatedReplicas: updated,
      availableReplicas: available,
      ...(spec.progressing && { conditions: [spec.progressing] }),
    },
  };
}

export function done(time: string): Condition {
  return { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable", lastUpdateTime: iso(time) };
}

export function stuck(time: string): Condition {
  return {
    type: "Progressing",
    status: "False",
    reason: "ProgressDeadlineExceeded",
    message: 'ReplicaSet "vcci-api-2" has timed out progressing.',
    lastUpdateTime: iso(time),
  };
}

/** `spec`: as admission left it, where that matters. */
export function readyPod(owner: ReplicaSet, time: string, spec?: Pod["spec"]): Pod {
  const name = `${owner.metadata.name}-${time.replaceAll(":", "")}`;
  return {
    metadata: {
      name,
      uid: name,
      resourceVersion: "1",
      creationTimestamp: iso(time),
      ownerReferences: [{ uid: owner.metadata.uid, controller: true }],
    },
    ...(spec && { spec }),
    status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: iso(time) }] },
  };
}
