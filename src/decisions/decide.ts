import type { Revision } from "../releases/release.ts";
import { chooseTarget } from "../releases/standing.ts";
import type { Decision } from "./decision.ts";
import { type Obstacle, obstaclesTo } from "./obstacles.ts";
import { HOLD_REASONS } from "./reason.ts";
import type { FiringTrigger, Situation } from "./situation.ts";

export interface Decided {
  readonly decision: Decision;
  /** The firing trigger that came closest to acting. */
  readonly firing: FiringTrigger;
  readonly obstacles: readonly Obstacle[];
  /** Where to; defined for a rollback, and where only lesser obstacles stand in the way. */
  readonly to: Revision | undefined;
}

/** The decision about one target at one instant; undefined when nothing fires. */
export function decide(situation: Situation): Decided | undefined {
  const weighed = situation.firing.map((firing) => ({ firing, obstacles: obstaclesTo(situation, firing) }));
  const closest = weighed.toSorted((a, b) => rank(b.obstacles) - rank(a.obstacles)).at(0);
  if (closest === undefined) return undefined;
  return { ...closest, decision: decisionFor(closest.obstacles), to: targetOf(situation) };
}

/** How far down the list of reasons a trigger got before something stopped it. */
function rank(obstacles: readonly Obstacle[]): number {
  const first = obstacles.at(0);
  return first === undefined ? HOLD_REASONS.length : HOLD_REASONS.indexOf(first.reason);
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
