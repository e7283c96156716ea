import { isRevision } from "../releases/release.ts";
import type { Lookup } from "../releases/watch.ts";
import type { RollbackOrder } from "../rollback/act.ts";
import type { RolloutFact } from "./judge.ts";

/** Why what was put back does not get ready, as the cluster says it. */
export interface Waiting {
  /** How many pods run what, and the reasons. */
  readonly detail: string;
  readonly reasons: readonly string[];
}

/** Undefined while the cluster gives no reason, or it gives one about something else than what was put back. */
export function waitingOf(order: RollbackOrder, lookup: Lookup, fact: RolloutFact): Waiting | undefined {
  if (fact.kind !== "running" || !lookup.ok) return undefined;
  const { release, rollout } = lookup.snapshot;
  const { reasons = [], detail } = rollout;
  return reasons.length === 0 || !isRevision(release.revision, order.to.digest)
    ? undefined
    : { detail, reasons };
}

/** Calls `tell` once for each new kind of reason: names of pods and counts change all the time. */
export function onceEach(tell: (waiting: Waiting) => void): (waiting: Waiting | undefined) => void {
  const told = new Set<string>();
  return (waiting) => {
    if (waiting === undefined) return;
    const kinds = waiting.reasons.map(kindOf);
    const isNew = kinds.some((kind) => !told.has(kind));
    kinds.forEach((kind) => told.add(kind));
    if (isNew) tell(waiting);
  };
}

/** `ImagePullBackOff` of `api: ImagePullBackOff: Back-off pulling image …`. */
function kindOf(reason: string): string {
  return /(?:^|: )([A-Z][A-Za-z]+)(?=:|,| \(|$)/u.exec(reason)?.[1] ?? reason;
}
