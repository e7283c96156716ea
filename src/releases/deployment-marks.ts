import {
  DECISION,
  parseRollbacks,
  parseStanding,
  ROLLBACKS,
  STANDING,
  type RollbackNote,
} from "../kubernetes/annotations.ts";
import type { Deployment, KubeObject, ReplicaSet } from "../kubernetes/objects.ts";
import { digestAmong } from "./deployment-digest.ts";
import type { Standing } from "./release.ts";
import { type Identities, identitiesOf, isAbout } from "./template-identity.ts";

/**
 * The rollbacks that happened to a target, oldest first. The ReplicaSets of a Deployment are asked as well: `kubectl
 * rollout undo` can put an old list back on the Deployment, and the ReplicaSets then still hold the newer one.
 */
export function rememberedRollbacks(
  target: KubeObject,
  replicaSets: readonly ReplicaSet[],
): readonly RollbackNote[] {
  const byDecision = new Map<string, RollbackNote>();
  for (const { metadata } of [target, ...replicaSets]) {
    for (const note of parseRollbacks(metadata.annotations?.[ROLLBACKS])) {
      if (note.uid === target.metadata.uid) byDecision.set(note.decision, note);
    }
  }
  return [...byDecision.values()].sort((a, b) => a.at - b.at);
}

/**
 * Digest of the template that the write of a rollback left on the object: what the API server answered, where admission
 * changed it. While the answer is not noted yet, the generation tells that the object is as that write left it.
 */
export function restoredDigest(
  { decision, from, to, generation, ran }: RollbackNote,
  target: Deployment,
): string {
  if (ran !== undefined) return ran;
  const isAsWritten = lastDecision(target) === decision && generation === target.metadata.generation;
  const now = digestAmong(target.spec.template, [to, from]);
  // What admission turned back was not restored.
  return isAsWritten && now !== from ? now : to;
}

/** The decision that the target says it was last rolled back by. */
export function lastDecision(target: KubeObject): string | undefined {
  return target.metadata.annotations?.[DECISION];
}

/** The group in which a ReplicaSet's template was last proven good, by the first 12 places of its digest. */
export function provenIn({ metadata, spec }: ReplicaSet, digest: string): string | undefined {
  const note = parseStanding(metadata.annotations?.[STANDING]);
  return note !== undefined && isAbout(note.digest12, digest, spec.template) ? note.group12 : undefined;
}

/** Looks up what is known of a digest: rolled back from once is quarantined for good. */
export function standings(
  replicaSets: readonly ReplicaSet[],
  rollbacks: readonly RollbackNote[],
  identities: Identities = identitiesOf(replicaSets),
): (digest: string) => Standing {
  const marks = new Map<string, Standing>();
  for (const replicaSet of replicaSets) {
    const note = parseStanding(replicaSet.metadata.annotations?.[STANDING]);
    const own = identities.of(replicaSet);
    if (note === undefined || !isAbout(note.digest12, own, replicaSet.spec.template)) continue;
    if (marks.get(own) !== "quarantined") marks.set(own, note.kind);
  }
  for (const { from } of rollbacks) marks.set(identities.now(from), "quarantined");
  return (digest) => marks.get(digest) ?? "unproven";
}
