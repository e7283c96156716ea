import type { KubeApi } from "../kubernetes/api.ts";
import { KubeError } from "../kubernetes/error.ts";
import type { KubeObject } from "../kubernetes/objects.ts";
import { type Reference, referencesOf } from "./pod-references.ts";
import type { ChangedReference, LookInto, ReleaseContext, Subject, TemplatePair } from "./release-context.ts";
import { templateDiff } from "./template-diff.ts";

interface LookIntoPorts {
  readonly api: Pick<KubeApi, "metadata">;
  readonly namespace: string;
  readonly templates: (subject: Subject) => readonly TemplatePair[];
  /** Default 2 s: a decision does not wait for longer. */
  readonly withinMs?: number;
}

const WITHIN_MS = 2_000;
/** What changed within a day before the release began, or since, may be the cause in its place. */
const LATELY_MS = 24 * 3_600_000;
/** More are not looked at. */
const MAX_REFERENCES = 50;

/** What a release changed in what its pods are made from, and which of the ConfigMaps and Secrets that they read changed lately. */
export function lookIntoWith({ api, namespace, templates, withinMs = WITHIN_MS }: LookIntoPorts): LookInto {
  return async (subject) => {
    const pairs = templates(subject);
    const references = pairs.flatMap(({ after }) => (after === undefined ? [] : referencesOf(after)));
    const signal = AbortSignal.timeout(withinMs);
    const looks = await Promise.all(
      distinct(references).map((reference) => lookAt(api, namespace, reference, signal)),
    );
    return {
      ...changesIn(pairs),
      ...(pairs.some(({ after }) => after) && referencesIn(looks, subject.startedAt - LATELY_MS)),
    };
  };
}

function changesIn(pairs: readonly TemplatePair[]): Pick<ReleaseContext, "changes"> {
  if (pairs.length === 0 || !pairs.every(({ before, after }) => before && after)) return {};
  return {
    changes: pairs.flatMap(({ part, before, after }) => [
      ...(part === "" ? [] : [`@ ${part}`]),
      ...templateDiff(before, after),
    ]),
  };
}

function distinct(references: readonly Reference[]): readonly Reference[] {
  const byName = new Map(references.map((reference) => [`${reference.kind}/${reference.name}`, reference]));
  return [...byName.values()].slice(0, MAX_REFERENCES);
}

/** What one look at a ConfigMap or Secret gave: when it changed, or why that cannot be seen. */
type Look = ChangedReference | string;

function referencesIn(looks: readonly Look[], since: number): Pick<ReleaseContext, "references" | "unseen"> {
  const seen = looks.filter((look) => typeof look !== "string");
  const unseen = [...new Set(looks.filter((look) => typeof look === "string"))];
  const changed = seen.filter(({ at }) => Date.parse(at) >= since).toSorted((a, b) => (a.at < b.at ? 1 : -1));
  return {
    references: { since: new Date(since).toISOString(), looked: seen.length, changed },
    ...(unseen.length > 0 && { unseen }),
  };
}

async function lookAt(
  api: LookIntoPorts["api"],
  namespace: string,
  { kind, name }: Reference,
  signal: AbortSignal,
): Promise<Look> {
  const resource = kind === "ConfigMap" ? "configmaps" : "secrets";
  try {
    const object = await api.metadata({ group: "", resource, namespace, name }, signal);
    return { kind, name, at: changedAt(object) };
  } catch (error) {
    return whyUnseen(kind, name, error);
  }
}

/** The server notes when each writer wrote last. */
function changedAt({ metadata }: KubeObject): string {
  const written = (metadata.managedFields ?? []).flatMap(({ time }) => time ?? []);
  const times = [metadata.creationTimestamp, ...written].map((time) => Date.parse(time));
  return new Date(Math.max(...times)).toISOString();
}

/** What holds for all of a kind is said once. */
function whyUnseen(kind: string, name: string, error: unknown): string {
  const why = error instanceof Error ? error.message.replace(/\.$/u, "") : String(error);
  const reason = error instanceof KubeError ? error.kind : undefined;
  if (reason === "not-found") return `${kind} ${name} does not exist, and pods of the release refer to it.`;
  if (reason !== "forbidden") return `When ${kind} ${name} changed could not be seen: ${why}.`;
  const rule = /\{apiGroups.*\}/u.exec(why)?.[0] ?? "";
  return `When ${kind}s changed could not be seen: rollbackd may not read their metadata. Its Role lacks ${rule}.`;
}
