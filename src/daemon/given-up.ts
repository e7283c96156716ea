import { isDeepStrictEqual } from "node:util";
import { targetKey } from "../rules/policy.ts";
import type { GivenUp } from "./rollback-fold.ts";
import type { PassPorts } from "./ports.ts";
import type { Seen } from "./seen.ts";

/** What stops these can be asked about, without a change. */
const ASKED_ABOUT: ReadonlySet<string> = new Set(["forbidden", "rejected"]);

/** A rollback that was given up, and what it depends on, as it is now. */
export type GivenUpNow =
  | { readonly kind: "none" }
  /** The page about its end stands: nothing is decided before it can be changed. */
  | { readonly kind: "same-episode" }
  /** Something fires again after all was quiet: people have to hear of it. */
  | { readonly kind: "stands"; readonly givenUp: GivenUp };

/** Rights, target, rules and people's words may have changed since; the log forgets it at the last two by itself. */
export async function givenUpNow(seen: Seen, ports: PassPorts): Promise<GivenUpNow> {
  const { policy, facts, watched } = seen;
  const givenUp = ports.history.givenUp(targetKey(policy));
  if (givenUp === undefined || facts?.release.id !== givenUp.release) return { kind: "none" };
  if (![...watched.values()].some(({ track }) => track.status.state === "firing")) return { kind: "none" };
  if (!isDeepStrictEqual(givenUp.owners, facts.owners) || (await wouldPass(givenUp, seen, ports))) {
    return { kind: "none" };
  }
  return ports.history.lastDecision(policy.name)?.decisionId === givenUp.decisionId
    ? { kind: "same-episode" }
    : { kind: "stands", givenUp };
}

async function wouldPass(
  { decisionId, reason, to: digest }: GivenUp,
  { policy, facts }: Seen,
  ports: Pick<PassPorts, "wouldPass">,
): Promise<boolean> {
  const to = facts?.earlier.find((revision) => revision.digest === digest);
  if (facts === undefined || to === undefined || !ASKED_ABOUT.has(reason)) return false;
  const { release, uid } = facts;
  if (ports.wouldPass === undefined) return false;
  return ports.wouldPass({
    decisionId,
    policy,
    target: targetKey(policy),
    release: release.id,
    uid,
    from: release.revision,
    to,
    reason,
  });
}
