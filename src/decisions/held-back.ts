import { differing } from "../releases/group.ts";
import type { HeldBack } from "../releases/held-back.ts";
import type { Revision } from "../releases/release.ts";
import { chooseTarget } from "../releases/standing.ts";
import type { Situation } from "./situation.ts";

/** Settings that keep automation from putting back what it would choose; a sentence without its full stop. */
export function heldBack(situation: Situation): string | undefined {
  const all = ofTarget(situation).filter(({ needsPerson }) => needsPerson);
  return all.length === 0 ? undefined : all.map(({ detail }) => detail).join("; ");
}

/**
 * What a person does about that, and in which order. Nothing here names a command that would let the release go on: the
 * command that lets pods follow the template is named once the earlier template is back.
 */
export function heldBackNextStep(situation: Situation): string | undefined {
  const all = ofTarget(situation).filter(({ needsPerson }) => needsPerson);
  if (all.length === 0) return undefined;
  const undo = `rollbackd rollback ${situation.policy.name} --reason other`;
  if (!all.some(({ kind }) => kind === "paused")) {
    return `Look for another cause first. To take the change back before a pod runs it: ${undo}`;
  }
  return `Leave it paused. Put the earlier template back first: ${undo}. rollbackd then names the command that lets the pods follow.`;
}

/** What a person has to know of these settings before `to` is put back. */
export function heldBackWarnings(situation: Situation, to: Revision): readonly string[] {
  return heldBackFrom(situation, to).map((held) => {
    const { kind, name } = held;
    if (kind === "paused") {
      return `${name} is paused and stays so: its template is put back, and what was changed during the pause is replaced. No pod changes before a person resumes it; rollbackd names the command once the template is back.`;
    }
    return kind === "OnDelete"
      ? `${name} has updateStrategy OnDelete: once the template is back, rollbackd names the pods that a person deletes.`
      : `${name} has a partition, which stays: only the pods from it on go back.`;
  });
}

/** What the target's template is now: on a paused Deployment it may be one that was changed since and runs nowhere. */
export function templateNow(
  { digest, members }: Revision,
  heldBack: readonly HeldBack[],
): Pick<Revision, "digest" | "members"> {
  const stagedOf = (member: string | undefined): string | undefined =>
    heldBack.find((held) => held.member === member)?.staged;
  if (members === undefined) return { digest: stagedOf(undefined) ?? digest };
  const now = Object.entries(members).map(([name, one]) => [
    name,
    { ...one, digest: stagedOf(name) ?? one.digest },
  ]);
  return { digest, members: Object.fromEntries(now) as NonNullable<Revision["members"]> };
}

function ofTarget(situation: Situation): readonly HeldBack[] {
  const { release, earlier, predecessorBreaching } = situation;
  return heldBackFrom(situation, release && chooseTarget(release, earlier, predecessorBreaching));
}

/** A script may know a way of its own. A member of a group that stays as it is has nothing that could be held back. */
function heldBackFrom(situation: Situation, to: Revision | undefined): readonly HeldBack[] {
  const { policy, release, heldBack: all = [] } = situation;
  if (policy.rollback.strategy.kind === "script") return [];
  const moved = release && to && differing(release.revision, to);
  return all.filter(
    ({ member }) => member === undefined || moved === undefined || Object.hasOwn(moved, member),
  );
}
