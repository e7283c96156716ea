import type { KubeApi } from "../kubernetes/api.ts";
import { KubeError } from "../kubernetes/error.ts";
import type { KubeObject, PodTemplate } from "../kubernetes/objects.ts";
import type { ResourceRef } from "../kubernetes/resource.ts";
import { differing } from "./group.ts";
import { type Requirement, requirementsOf } from "./pod-requirements.ts";
import type { Revision, TargetSnapshot } from "./release.ts";
import type { LookForNeeded, Needed } from "./release-context.ts";
import type { TargetWatch } from "./watch.ts";

interface NeededPorts {
  readonly api: Pick<KubeApi, "get" | "metadata">;
  readonly namespace: string;
  readonly watch: Pick<TargetWatch, "current">;
  /** Default 3 s: a decision does not wait for longer. */
  readonly withinMs?: number;
}

const WITHIN_MS = 3_000;

const RESOURCES = {
  ConfigMap: "configmaps",
  Secret: "secrets",
  PersistentVolumeClaim: "persistentvolumeclaims",
} as const satisfies Record<Requirement["kind"], ResourceRef["resource"]>;

export function lookForNeeded({ api, namespace, watch, withinMs = WITHIN_MS }: NeededPorts): LookForNeeded {
  return async (from, to) => {
    const lookup = watch.current();
    const templates = lookup.ok ? lookup.snapshot.templates : undefined;
    const signal = AbortSignal.timeout(withinMs);
    const looks = await Promise.all(
      neededBeyond(from, to, templates).map((each) => look(api, namespace, each, signal)),
    );
    return {
      missing: [...new Set(looks.flatMap(({ missing }) => missing))].toSorted(),
      unseen: [...new Set(looks.flatMap(({ unseen }) => unseen))].toSorted(),
    };
  };
}

/** A pull secret that the running pods do without is none that others need. */
function neededBeyond(
  from: Revision,
  to: Revision,
  templates: TargetSnapshot["templates"] = new Map(),
): readonly Requirement[] {
  const running = templatesOf(from, to, templates).flatMap(requirementsOf);
  const pulling = new Set(running.filter(({ isForPulling }) => isForPulling).map(({ name }) => name));
  return templatesOf(to, from, templates)
    .flatMap(requirementsOf)
    .filter(({ isForPulling, name }) => !isForPulling || !pulling.has(name));
}

/** Of a group: those of the members that run another template in `other`. */
function templatesOf(
  revision: Revision,
  other: Revision,
  templates: ReadonlyMap<string, PodTemplate>,
): readonly PodTemplate[] {
  const members = differing(revision, other);
  const digests =
    members === undefined ? [revision.digest] : Object.values(members).map(({ digest }) => digest);
  return digests.flatMap((digest) => templates.get(digest) ?? []);
}

async function look(
  api: NeededPorts["api"],
  namespace: string,
  { kind, name, keys }: Requirement,
  signal: AbortSignal,
): Promise<Needed> {
  const ref: ResourceRef = { group: "", resource: RESOURCES[kind], namespace, name };
  try {
    const object = keys.length === 0 ? await api.metadata(ref, signal) : await api.get<Holding>(ref, signal);
    return { missing: missingIn(`${kind} ${name}`, object, keys), unseen: [] };
  } catch (error) {
    if (error instanceof KubeError && error.kind === "not-found") {
      return { missing: [`${kind} ${name}`], unseen: [] };
    }
    return { missing: [], unseen: [whyUnseen(kind, name, error)] };
  }
}

interface Holding extends KubeObject {
  readonly data?: Readonly<Record<string, unknown>>;
  readonly binaryData?: Readonly<Record<string, unknown>>;
}

function missingIn(
  what: string,
  { metadata, data, binaryData }: Holding,
  keys: readonly string[],
): readonly string[] {
  if (metadata.deletionTimestamp !== undefined) return [`${what} (it is being deleted)`];
  const held = { ...data, ...binaryData };
  return keys.filter((key) => !Object.hasOwn(held, key)).map((key) => `key ${key} of ${what}`);
}

/** What holds for all of a kind is said once. */
function whyUnseen(kind: string, name: string, error: unknown): string {
  const why = error instanceof Error ? error.message.replace(/\.$/u, "") : String(error);
  const isForbidden = error instanceof KubeError && error.kind === "forbidden";
  if (!isForbidden) return `Whether ${kind} ${name} exists could not be seen: ${why}.`;
  const rule = /\{apiGroups.*\}/u.exec(why)?.[0] ?? "";
  return `Whether the ${kind}s exist that the earlier revision needs could not be seen: rollbackd may not read them. Its Role lacks ${rule}.`;
}
