import { createHash } from "node:crypto";
import type { Container, Pod } from "../kubernetes/objects.ts";
import { sorted, withoutReloader } from "./deployment-digest.ts";

/**
 * Fields of a pod's spec that say nothing of what runs in it: where it runs, what it is called, what debugging added and
 * with which passwords images are pulled.
 */
const LEFT_OUT = new Set([
  "nodeName",
  "hostname",
  "ephemeralContainers",
  "schedulingGates",
  "imagePullSecrets",
  "initContainers",
  "containers",
  "volumes",
]);

/** Where the token of the service account is mounted, by a volume whose name is made up for each pod. */
const TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The mark of the vertical autoscaler's admission, which sets the resources of each pod anew. */
const AUTOSCALED = "vpaUpdates";

interface MountingContainer extends Container {
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

/**
 * Identity of what admission made of a template: SHA-256, hex, over the pod's spec without names, node and token volumes,
 * so that pods of one template agree. Undefined for a pod whose spec is not known.
 */
export function admittedSpec({ metadata, spec }: Pod): string | undefined {
  if (spec === undefined) return undefined;
  const isAutoscaled = metadata.annotations?.[AUTOSCALED] !== undefined;
  const all = [...spec.containers, ...(spec.initContainers ?? [])];
  const tokens = new Set(all.flatMap((each) => mountsOf(each).filter(isToken)).map(({ name }) => name));
  const containers = spec.containers.map((each) => plain(each, isAutoscaled));
  const initContainers = (spec.initContainers ?? []).map((each) => plain(each, isAutoscaled));
  const others = Object.entries(spec).filter(([field]) => !LEFT_OUT.has(field));
  const volumes = (spec.volumes ?? []).filter(({ name }) => !tokens.has(name));
  const text = JSON.stringify(sorted([Object.fromEntries(others), containers, initContainers, volumes]));
  return createHash("sha256").update(text.replaceAll(metadata.name, "")).digest("hex");
}

function plain(container: Container, isAutoscaled: boolean): unknown {
  const fields = Object.entries(withoutReloader(container)).filter(
    ([field]) => field !== "volumeMounts" && !(isAutoscaled && field === "resources"),
  );
  return [Object.fromEntries(fields), mountsOf(container).filter((mount) => !isToken(mount))];
}

function mountsOf({ volumeMounts = [] }: MountingContainer): NonNullable<MountingContainer["volumeMounts"]> {
  return volumeMounts;
}

function isToken({ mountPath }: { readonly mountPath: string }): boolean {
  return mountPath === TOKENS;
}
