import type { KubeObject, PodTemplate } from "../kubernetes/objects.ts";
import { describe, type ResourceRef } from "../kubernetes/resource.ts";
import { gitOpsOwners } from "../releases/gitops-detect.ts";
import { leavesOf } from "../releases/template-leaves.ts";
import { appliersOf } from "./hand-back.ts";
import { LAST_APPLIED } from "./last-applied.ts";

/** More settings than these make no sentence. */
const MOST_NAMED = 8;

/** A template that was put back on an object in place of another. */
export interface PutBack {
  readonly object: KubeObject;
  readonly from: PodTemplate;
  readonly to: PodTemplate;
}

/**
 * What the next deployment keeps of a template that was put back, although its manifest does not have it, and the
 * command that resolves this. Undefined where the tool that deploys knows what was put back.
 */
export function nextDeployment({ object, from, to }: PutBack, ref: ResourceRef): string | undefined {
  const { metadata } = object;
  const isKnown = appliersOf(metadata.managedFields ?? []).length > 0;
  if (isKnown || metadata.annotations?.[LAST_APPLIED] !== undefined) return undefined;
  const named = onlyIn(to, from);
  if (named === undefined) return undefined;
  const helm = gitOpsOwners(object).find(({ tool }) => tool === "helm");
  if (helm !== undefined) {
    const namespace = helm.namespace ?? ref.namespace;
    return (
      `Helm does not know what was put back and the newer version does not have: ${named}. The next helm upgrade keeps ` +
      `it. Before that, go back in Helm, too: helm -n ${namespace} rollback ${helm.name ?? ""} (the revision before ` +
      `the newest; helm -n ${namespace} history ${helm.name ?? ""} shows them).`
    );
  }
  return (
    `Put back, and not in the newer version: ${named}. A deployment that names only what it changes keeps this. ` +
    `Compare before the next one: kubectl -n ${ref.namespace} diff -f FILE, with the manifest of ${describe(ref)}.`
  );
}

/** Names of settings, never their values. */
function onlyIn(one: PodTemplate, other: PodTemplate): string | undefined {
  const known = leavesOf(other);
  const names = [...leavesOf(one).keys()].filter((path) => !known.has(path)).sort();
  if (names.length === 0) return undefined;
  const some = names.slice(0, MOST_NAMED).join(", ");
  return names.length > MOST_NAMED ? `${some} and ${names.length - MOST_NAMED} more` : some;
}
