import type { Deployment, ReplicaSet, Service } from "../../src/kubernetes/objects.ts";
import type { BlueGreenView } from "../../src/releases/blue-green-snapshot.ts";
import type { BlueGreenTarget } from "../../src/rules/policy.ts";
import { clock } from "../support/model.ts";
import { deployment, done, replicaSet, template } from "./deployment-fixture.ts";

export const TARGET: BlueGreenTarget = {
  kind: "blue-green",
  namespace: "vcci-production",
  service: "vcci-api",
  label: "color",
  colors: ["blue", "green"],
};

export const SERVICE_UID = "service-uid";

function iso(time: string): string {
  return new Date(clock(time)).toISOString().replace(".000Z", "Z");
}

export interface ServiceSpec {
  readonly color?: string;
  /** When the selector was last changed, and by whom. Never: it is as it was made. */
  readonly switched?: readonly [time: string, manager: string];
  /** When anything else of it was changed by another person or tool. */
  readonly touched?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Made at 08:00. */
export function service({ color = "green", switched, touched, annotations = {} }: ServiceSpec): Service {
  const [time, manager] = switched ?? ["08:00:00", "kubectl-create"];
  const fieldsV1 = { "f:spec": { "f:selector": {} } };
  const other = {
    manager: "labeler",
    time: iso(touched ?? time),
    fieldsV1: { "f:metadata": { "f:labels": {} } },
  };
  return {
    metadata: {
      name: TARGET.service,
      namespace: TARGET.namespace,
      uid: SERVICE_UID,
      resourceVersion: "3",
      creationTimestamp: iso("08:00:00"),
      annotations,
      managedFields: [{ manager, time: iso(time), fieldsV1 }, other],
    },
    spec: { selector: { app: "vcci-api", color } },
  };
}

export interface ColorSpec {
  /** Image by the time at which it was first deployed, oldest first. */
  readonly images: Readonly<Record<string, string>>;
  readonly name?: string;
  /** When the first of them was put back, as far as the Deployment tells. */
  readonly back?: string;
  readonly pods?: readonly [wanted: number, all: number, updated: number, available: number];
  /** Standing annotations by image. */
  readonly marks?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A Deployment for one colour with a ReplicaSet for each of its images. */
export function side(
  color: string,
  { images, name = `vcci-api-${color}`, back, pods, marks = {} }: ColorSpec,
): { readonly deployment: Deployment; readonly replicaSets: readonly ReplicaSet[] } {
  const labelled = (image: string) => {
    const plain = template(image);
    return { ...plain, metadata: { ...plain.metadata, labels: { app: "vcci-api", color } } };
  };
  const entries = Object.entries(images);
  const [time = "", image = ""] = entries.at(back === undefined ? -1 : 0) ?? [];
  const made = deployment({
    template: labelled(image),
    progressing: done(back ?? time),
    ...(back !== undefined && { written: back }),
    ...(pods && { pods }),
  });
  const uid = `${name}-uid`;
  return {
    deployment: { ...made, metadata: { ...made.metadata, name, uid } },
    replicaSets: entries.map(([created, each], index) => {
      const annotations = marks[each] ?? {};
      const revision = back !== undefined && index === 0 ? entries.length + 1 : index + 1;
      const history = revision === index + 1 ? [] : [1];
      const one = replicaSet({ revision, history, template: labelled(each), created, annotations });
      return ownedBy(one, uid, `${name}-${index}`);
    }),
  };
}

function ownedBy(one: ReplicaSet, owner: string, name: string): ReplicaSet {
  const ownerReferences = [{ uid: owner, controller: true }];
  return { ...one, metadata: { ...one.metadata, name, uid: name, ownerReferences } };
}

export function view(
  of: Service,
  sides: readonly ReturnType<typeof side>[],
  at: string = "12:00:00",
): BlueGreenView {
  return {
    service: of,
    deployments: sides.map((one) => one.deployment),
    replicaSets: sides.flatMap((one) => one.replicaSets),
    pods: [],
    at: clock(at),
  };
}

/** The same by resource, as a cluster has it. */
export function blueGreenObjects({ service: one, deployments, replicaSets, pods }: BlueGreenView) {
  return { services: [one], deployments, replicasets: replicaSets, pods };
}
