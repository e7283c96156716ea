import type { KeptObject } from "../../releases/gitops-owner.ts";
import type { Application, HelmRelease, Reconciled } from "./owner-object.ts";

/** Where the object was looked for, when the owner does not list it; undefined when it does. */
export type Unclaimed = string | undefined;

/** Argo CD lists what an Application keeps in `status.resources`. */
export function unclaimedByApplication({ status }: Application, kept: KeptObject): Unclaimed {
  const isListed = (status?.resources ?? []).some(
    ({ group, kind, namespace, name }) =>
      (group ?? "") === kept.group &&
      kind === kept.kind &&
      namespace === kept.namespace &&
      name === kept.name,
  );
  return isListed ? undefined : `${keptText(kept)} is not in its status.resources`;
}

/** Flux lists what it applied in an inventory. */
export function unclaimedByKustomization({ status }: Reconciled, kept: KeptObject): Unclaimed {
  return isInInventory(status?.inventory?.entries ?? [], kept)
    ? undefined
    : `${keptText(kept)} is not in its status.inventory`;
}

/** Before Flux 2.8 a HelmRelease has no inventory: the object itself then names the Helm release. */
export function unclaimedByHelmRelease({ status }: HelmRelease, kept: KeptObject): Unclaimed {
  const entries = status?.inventory?.entries;
  if (entries) {
    return isInInventory(entries, kept) ? undefined : `${keptText(kept)} is not in its status.inventory`;
  }
  const [newest] = (status?.history ?? []).toSorted((a, b) => b.version - a.version);
  if (newest === undefined) return "its status has neither an inventory nor a history";
  const { release } = kept;
  const own = `${newest.namespace}/${newest.name}`;
  return release === own
    ? undefined
    : `${keptText(kept)} belongs to ${release === undefined ? "no Helm release" : `Helm release ${release}`}, ` +
        `and the newest of its status.history is ${own}`;
}

function isInInventory(
  entries: readonly { readonly id: string }[],
  { namespace, name, group, kind }: KeptObject,
): boolean {
  const id = [namespace, name, group, kind].join("_");
  return entries.some((entry) => entry.id === id);
}

function keptText({ kind, namespace, name }: KeptObject): string {
  return `${kind} ${namespace}/${name}`;
}
