import type { Revision } from "../releases/release.ts";
import { chooseTarget } from "../releases/standing.ts";
import type { Decision } from "./decision.ts";
import { type Obstacle, obstaclesTo } from "./obstacles.ts";
import { HOLD_REASONS } from "./reason.ts";
import type { FiringTrigger, Situation } from "./situation.ts";

export interface Decided {
  readonly decision: Decision;
  /** The firing trigger that decides: one that acts, else one that needs people, else the closest to acting. */
  readonly firing: FiringTrigger;
  readonly obstacles: readonly Obstacle[];
  /** Where to; defined for a rollback, and where only lesser obstacles stand in the way. */
  readonly to: Revision | undefined;
}

/** The decision about one target at one instant; undefined when nothing fires. */
export function decide(situation: Situation): Decided | undefined {
  const weighed = situation.firing.map((firing) => ({ firing, obstacles: obstaclesTo(situation, firing) }));
  const deciding = weighed.toSorted((a, b) => rank(b.obstacles) - rank(a.obstacles)).at(0);
  if (deciding === undefined) return undefined;
  return { ...deciding, decision: decisionFor(deciding.obstacles), to: targetOf(situation) };
}

/**
 * How far down the list of reasons a trigger got before something stopped it. One that exposes users counts
 * for more than any that only waits or watches: that must not keep the page from being sent.
 */
function rank(obstacles: readonly Obstacle[]): number {
  const [first] = obstacles;
  if (first === undefined) return 2 * HOLD_REASONS.length;
  return HOLD_REASONS.indexOf(first.reason) + (first.kind === "escalate" ? HOLD_REASONS.length : 0);
}

function decisionFor(obstacles: readonly Obstacle[]): Decision {
  const [first, ...others] = obstacles;
  if (first === undefined) return { decision: "rollback", reason: "rollback", otherReasons: [] };
  return {
    decision: first.kind,
    reason: first.reason,
    otherReasons: others.map(({ reason }) => reason),
  };
}

function targetOf({ release, earlier, predecessorBreaching }: Situation): Revision | undefined {
  return release && chooseTarget(release, earlier, predecessorBreaching);
}
