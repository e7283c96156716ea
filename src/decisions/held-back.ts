import { differing } from "../releases/group.ts";
import type { Revision } from "../releases/release.ts";
import { chooseTarget } from "../releases/standing.ts";
import type { Situation } from "./situation.ts";

/** Why putting back what automation would choose would not take effect. */
export function heldBack(situation: Situation): string | undefined {
  const { release, earlier, predecessorBreaching } = situation;
  return heldBackFrom(situation, release && chooseTarget(release, earlier, predecessorBreaching));
}

/** The same, of another revision. A script may know a way of its own. */
export function heldBackFrom(situation: Situation, to: Revision | undefined): string | undefined {
  const { policy, release, heldBack: all = [] } = situation;
  if (policy.rollback.strategy.kind === "script") return undefined;
  // A member of a group that stays as it is has nothing that could be held back.
  const moved = release && to && differing(release.revision, to);
  const details = all.flatMap(({ member, detail }) =>
    member === undefined || moved === undefined || Object.hasOwn(moved, member) ? [detail] : [],
  );
  return details.length === 0 ? undefined : details.join("; ");
}
