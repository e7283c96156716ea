import { type Decided, decide } from "../../src/decisions/decide.ts";
import type { Gates, Situation } from "../../src/decisions/situation.ts";
import { advance, emptyTrack, pastWindowMs, type Track } from "../../src/decisions/track.ts";
import type { TrackContext } from "../../src/decisions/track-status.ts";
import { blame } from "../../src/releases/blame.ts";
import type { Release } from "../../src/releases/release.ts";
import type { MetricTrigger, Policy } from "../../src/rules/policy.ts";
import type { Sample } from "../../src/signals/sample.ts";
import { policy as aPolicy, revision } from "./model.ts";

export const OPEN: Gates = {
  logUnwritable: undefined,
  notLeader: undefined,
  frozen: undefined,
  massBreach: undefined,
};

export interface Step {
  readonly at: number;
  readonly track: Track;
  readonly decided: Decided | undefined;
}

export interface Replayed {
  readonly trigger: MetricTrigger;
  readonly samples: readonly Sample[];
  /** In order of `startedAt`; each is live from there on. */
  readonly releases?: readonly Release[];
  readonly policy?: Partial<Policy>;
  readonly loadedAt?: number;
  readonly situation?: Partial<Situation>;
}

/** One metric trigger, slot after slot, as the daemon would see it; every decision is confirmed. */
export function replay(input: Replayed): readonly Step[] {
  const policy = aPolicy({ triggers: [input.trigger], ...input.policy });
  const context = (at: number): TrackContext => ({
    trigger: input.trigger,
    intervalMs: policy.intervalMs,
    release: input.releases?.findLast((release) => release.startedAt <= at),
  });
  const first = input.samples.at(0)?.at ?? 0;
  let track = emptyTrack(context(first), first);
  return input.samples.map((sample) => {
    const now = context(sample.at);
    track = advance(track, now, sample.at, [sample]);
    return { at: sample.at, track, decided: decide(situationOf(input, policy, now, track)) };
  });
}

function situationOf(input: Replayed, policy: Policy, now: TrackContext, track: Track): Situation {
  const { status, basis } = track;
  const windowMs = pastWindowMs(input.trigger, policy.intervalMs);
  const window = { from: status.window.from, rangeMs: input.trigger.rangeMs, windowMs };
  const verdict = now.release && basis ? blame(now.release, basis, window) : undefined;
  const firing = { trigger: input.trigger, status, blame: verdict, loadedAt: input.loadedAt ?? 0 };
  return {
    at: status.at,
    policy,
    firing: status.state === "firing" ? [firing] : [],
    release: now.release,
    earlier: [revision("1", { standing: "good" })],
    predecessorBreaching: verdict?.past === "breaching",
    rollbacks: [],
    lastAttemptAt: undefined,
    gates: OPEN,
    confirmation: { notFiring: undefined, unseen: undefined, movedTo: undefined },
    ...input.situation,
  };
}
