import type { Lookup } from "../releases/watch.ts";
import type { RollbackOrder } from "../rollback/act.ts";
import type { RolloutFact } from "./judge.ts";

/**
 * What the newest look at the target says about an order that was carried out. `before` is the fact so far;
 * a complete rollout stays complete, and a look that failed changes nothing.
 */
export function rolloutFact(
  order: RollbackOrder,
  lookup: Lookup,
  at: number,
  before: RolloutFact | undefined,
): RolloutFact {
  const { target } = order.policy;
  if (target.kind === "script" && target.releaseExpr === undefined) {
    return { kind: "not-observed", detail: "the policy has no release.expr" };
  }
  if (!lookup.ok) return before ?? running(`${order.target} cannot be seen: ${lookup.detail}`);
  const { release, rollout, uid } = lookup.snapshot;
  const { name, digest } = release.revision;
  if (uid !== order.uid) return { kind: "superseded", detail: `${order.target} was deleted and made anew` };
  if (digest !== order.to.digest && digest !== order.from.digest) {
    return { kind: "superseded", detail: `${order.target} now runs ${name}, not ${order.to.name}` };
  }
  if (digest === order.from.digest) {
    return before?.kind === "complete"
      ? { kind: "superseded", detail: `${order.target} runs ${name} again, which was rolled back` }
      : running(`${order.target} still runs ${name} (${rollout.detail})`);
  }
  if (before?.kind === "complete") return before;
  if (rollout.complete) return { kind: "complete", at, detail: rollout.detail };
  return { kind: "running", stalled: rollout.stalled, detail: rollout.detail };
}

function running(detail: string): RolloutFact {
  return { kind: "running", stalled: false, detail };
}
