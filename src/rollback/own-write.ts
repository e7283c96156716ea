import { DECISION, formatRollbacks, ROLLBACKS, type RollbackNote } from "../kubernetes/annotations.ts";
import type { Patch } from "../kubernetes/api.ts";
import type { Deployment, KubeObject, ReplicaSet } from "../kubernetes/objects.ts";
import { digestAmong } from "../releases/deployment-digest.ts";
import { revisionOf } from "../releases/deployment-history.ts";
import { lastDecision, rememberedRollbacks, restoredDigest } from "../releases/deployment-marks.ts";
import type { RollbackOrder } from "./act.ts";
import { pointer } from "./json-pointer.ts";
import { conditionalPatch, type Notes } from "./patch.ts";

/** Did the order change its target before? `target` is the object that carries what rollbackd did to it. */
export function isDone({ decisionId }: RollbackOrder, target: KubeObject): boolean {
  return noteOf(decisionId, target) !== undefined || lastDecision(target) === decisionId;
}

/** What the target remembers of an act with which it runs as `revision`, at the head of what it remembers already. */
export function notesWith(
  { decisionId, uid, from, to }: RollbackOrder,
  act: Pick<RollbackNote, "at" | "revision" | "generation">,
  remembered: readonly RollbackNote[],
): Notes {
  return [{ decision: decisionId, ...act, uid, from: from.digest, to: to.digest }, ...remembered];
}

/**
 * Digest of the template that the order's write left on a workload; undefined when it left none, since it never
 * happened or admission turned it back. The answer to the write may be lost: then the generation tells, or the revision
 * that the controller made of it and that carries the decision.
 */
export function writtenDigest(
  { decisionId, to }: RollbackOrder,
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
): string | undefined {
  const note = noteOf(decisionId, deployment);
  if (note === undefined) return lastDecision(deployment) === decisionId ? to.digest : undefined;
  if (isTurnedBack(note, deployment)) return undefined;
  const restored = restoredDigest(note, deployment);
  if (restored !== note.to) return restored;
  const made = replicaSets.find((one) => {
    return revisionOf(one) === note.revision && lastDecision(one) === decisionId;
  });
  return made === undefined ? restored : digestAmong(made.spec.template, [to.digest]);
}

function isTurnedBack({ generation, from, to }: RollbackNote, { metadata, spec }: Deployment): boolean {
  return generation === metadata.generation && digestAmong(spec.template, [to, from]) === from;
}

/** Notes on the object what runs in place of what the order put back; undefined when that is noted. */
export function ranPatch({ decisionId }: RollbackOrder, object: KubeObject, ran: string): Patch | undefined {
  const notes = rememberedRollbacks(object, []);
  const text = object.metadata.annotations?.[ROLLBACKS];
  if (noteOf(decisionId, object)?.ran === ran || text === undefined) return undefined;
  const own = notes.filter(({ decision }) => decision === decisionId);
  const others = notes.filter(({ decision }) => decision !== decisionId);
  const value = formatRollbacks([...others, ...own.map((note) => noted(note, ran))]);
  const path = `/metadata/annotations/${pointer(ROLLBACKS)}`;
  return conditionalPatch(object, { op: "test", path, value: text }, [
    { op: "test", path: `/metadata/annotations/${pointer(DECISION)}`, value: decisionId },
    { op: "replace", path, value },
  ]);
}

function noted(note: RollbackNote, ran: string): RollbackNote {
  return { ...note, ran };
}

function noteOf(decisionId: string, target: KubeObject): RollbackNote | undefined {
  return rememberedRollbacks(target, []).find(({ decision }) => decision === decisionId);
}
