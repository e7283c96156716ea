import type { ControllerRevision, Pod, PodTemplate, StatefulSet } from "../../src/kubernetes/objects.ts";
import { clock } from "../support/model.ts";

export const UID = "statefulset-uid";

/** `time` is a time of day of the tests' day, as in `clock`. */
function iso(time: string): string {
  return new Date(clock(time)).toISOString().replace(".000Z", "Z");
}

const OWNER = [{ uid: UID, controller: true }];

export interface RevisionSpec {
  readonly revision: number;
  readonly template: PodTemplate;
  readonly created: string;
  /** When it got its number, where that is not the one that it was made with. */
  readonly numbered?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Its name is that of its image. */
export function controllerRevision(spec: RevisionSpec): ControllerRevision {
  const { revision, template, created, numbered = created, annotations = {} } = spec;
  const name = nameOf(template);
  return {
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: "1",
      creationTimestamp: iso(created),
      ownerReferences: OWNER,
      annotations,
      managedFields: [
        { manager: "rollbackd", time: iso("23:00:00"), fieldsV1: { "f:metadata": {} } },
        {
          manager: "kube-controller-manager",
          time: iso(numbered),
          fieldsV1: { "f:data": {}, "f:revision": {} },
        },
      ],
    },
    revision,
    data: { spec: { template: { ...template, $patch: "replace" } } },
  };
}

function nameOf({ metadata, spec }: PodTemplate): string {
  const at = metadata?.annotations?.["kubectl.kubernetes.io/restartedAt"];
  return [`web-${spec.containers[0]?.image}`, ...(at === undefined ? [] : [at])].join("-");
}

export interface StatefulSetSpec {
  readonly template: PodTemplate;
  /** What the status says is rolled out, and was before; the template by default. */
  readonly update?: PodTemplate;
  readonly current?: PodTemplate;
  /** Pods: wanted, all, of the newest template, ready. Default: two, all well. */
  readonly pods?: readonly [wanted: number, all: number, updated: number, ready: number];
  readonly observed?: boolean;
  readonly written?: string;
  readonly parallel?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function statefulSet(spec: StatefulSetSpec): StatefulSet {
  const { template, update = template, current = update } = spec;
  const [wanted, all, updated, ready] = spec.pods ?? [2, 2, 2, 2];
  return {
    metadata: {
      name: "web",
      namespace: "shop",
      uid: UID,
      resourceVersion: "7",
      generation: 3,
      creationTimestamp: iso("08:00:00"),
      annotations: { ...spec.annotations },
      ...(spec.written && {
        managedFields: [
          { manager: "kubectl", time: iso(spec.written), fieldsV1: { "f:spec": { "f:template": {} } } },
        ],
      }),
    },
    spec: {
      replicas: wanted,
      selector: { matchLabels: { app: "vcci-api" } },
      template,
      podManagementPolicy: spec.parallel === true ? "Parallel" : "OrderedReady",
    },
    status: {
      observedGeneration: spec.observed === false ? 2 : 3,
      replicas: all,
      updatedReplicas: updated,
      readyReplicas: ready,
      updateRevision: nameOf(update),
      currentRevision: nameOf(current),
    },
  };
}

/** A pod of a revision that became Ready, or stopped being so, at a time. */
export function pod(name: string, of: PodTemplate, ready: "True" | "False", since: string): Pod {
  return {
    metadata: {
      name,
      uid: name,
      resourceVersion: "1",
      creationTimestamp: iso("08:00:00"),
      ownerReferences: OWNER,
      labels: { "controller-revision-hash": nameOf(of) },
    },
    status: { conditions: [{ type: "Ready", status: ready, lastTransitionTime: iso(since) }] },
  };
}
