import { advance, emptyTrack, measuredMs, NOTHING_TRACKED, reaches, type Track } from "../decisions/track.ts";
import type { TrackContext } from "../decisions/track-status.ts";
import { rolloutSample } from "../engine/rollout-status.ts";
import { slotAt } from "../engine/slots.ts";
import { vulnerabilitySample } from "../engine/vulnerability-status.ts";
import type { HealthTrigger, MetricTrigger, Policy, VulnerabilityTrigger } from "../rules/policy.ts";
import type { Sampler } from "../signals/sampler.ts";
import { isKnown, type Sample, unknownKind } from "../signals/sample.ts";

/** What the daemon holds of one trigger between passes. */
export interface Watched {
  readonly track: Track;
  /** Whose word all of the track is: the one that answered last, or the address that was probed. */
  readonly endpoint: string;
  /** The past was read from Prometheus at least once since the daemon started. */
  readonly primed: boolean;
  /** The source gave a usable answer in this pass, be it "no data". */
  readonly answered: boolean;
}

/** Where vulnerabilities are told of, for evidence. */
const REPORTS_SOURCE = "reports about images";

/** Where a rollout is seen, for evidence. */
const ROLLOUT_SOURCE = "the cluster";

export function notWatched(context: TrackContext, at: number): Watched {
  return { track: emptyTrack(context, at), endpoint: "", primed: false, answered: false };
}

interface MetricContext extends TrackContext {
  readonly trigger: MetricTrigger;
  readonly policy: Pick<Policy, "guard" | "watchMs" | "provenAfterMs">;
}

/**
 * Brings a metric trigger up to `slot`: one instant query when on time, one range query for slots that were
 * missed, and the whole past again when memory does not reach back to before the release, or is of slots to come.
 */
export async function measureMetric(
  remembered: Watched | undefined,
  context: MetricContext,
  slot: number,
  sampler: Sampler,
): Promise<Watched> {
  const { release } = context;
  const before = remembered === undefined || isOfTheFuture(remembered, slot) ? undefined : remembered;
  if (!before?.primed || (release !== undefined && !reaches(before.track, release))) {
    return pastOrNothing(before, context, slot, sampler);
  }
  const next = (before.track.samples.at(-1)?.at ?? slot) + context.intervalMs;
  const { samples, endpoint } =
    next < slot
      ? await sampler.sampleRange(context.trigger, { from: next, to: slot, stepMs: context.intervalMs })
      : await sampler.sampleAt(context.trigger, slot);
  const answered = samples.some(isAnswer);
  // Servers may disagree: a window that begins with one and ends with another is the word of neither.
  if (answered && endpoint !== before.endpoint) return pastOrNothing(before, context, slot, sampler);
  const track = advance(before.track, context, slot, samples);
  return { track, endpoint: before.endpoint, primed: true, answered };
}

/** Prometheus's clock was ahead and has been set back: what it said of later slots it could not know. */
function isOfTheFuture({ track }: Watched, slot: number): boolean {
  return (track.samples.at(-1)?.at ?? slot) > slot;
}

/** Reads the past; without it nobody can be blamed: what is known goes on, and the next pass asks again. */
async function pastOrNothing(
  before: Watched | undefined,
  context: MetricContext,
  slot: number,
  sampler: Sampler,
): Promise<Watched> {
  const again = await readPast(context, slot, sampler);
  if (again.answered) return again;
  const known = before ?? notWatched(context, slot);
  return missing(known, { ...context, release: undefined }, slot, again);
}

/** A probe has no past to read: what the prober remembers is all there is. */
export function measureHealth(
  before: Watched,
  context: TrackContext & { readonly trigger: HealthTrigger },
  at: number,
  results: readonly Sample[],
): Watched {
  const track = advance(before.track, context, at, results);
  return { track, endpoint: context.trigger.probe.url, primed: true, answered: true };
}

/** One look at the target; what it showed before, only memory has. */
export function measureRollout(before: Watched, context: TrackContext, at: number): Watched {
  const { rollout } = context;
  const track = advance(before.track, context, at, [rolloutSample(rollout, at)]);
  return { track, endpoint: ROLLOUT_SOURCE, primed: true, answered: rollout !== undefined };
}

/** One look at what is reported on the images that run. */
export function measureVulnerability(
  before: Watched,
  context: TrackContext & { readonly trigger: VulnerabilityTrigger },
  at: number,
): Watched {
  const { trigger, images } = context;
  const track = advance(before.track, context, at, [vulnerabilitySample(trigger, images, at)]);
  return { track, endpoint: REPORTS_SOURCE, primed: true, answered: images !== undefined };
}

async function readPast(context: MetricContext, slot: number, sampler: Sampler): Promise<Watched> {
  const { trigger, intervalMs } = context;
  const grid = { from: slotAt(pastFrom(context, slot), intervalMs), to: slot, stepMs: intervalMs };
  const { samples, endpoint } = await sampler.sampleRange(trigger, grid);
  const track = advance(NOTHING_TRACKED, context, slot, samples);
  return { track, endpoint, primed: true, answered: samples.some(isAnswer) };
}

/**
 * As much as blaming the next release takes, and of a release that may be rolled back its whole life with the time before it. Of one that
 * has been live for longer, which can be months, as much as it takes to prove it.
 */
function pastFrom({ trigger, intervalMs, release, policy }: MetricContext, slot: number): number {
  const reachMs = measuredMs(trigger, intervalMs);
  // Also without a release: the next one is blamed by what memory holds, which must be what a restart would read.
  const windows = slot - reachMs;
  if (release === undefined) return windows;
  const { guard, watchMs, provenAfterMs } = policy;
  const guardMs = guard === "always" ? watchMs : guard;
  const isGuarded = slot - (release.clockAt ?? slot) <= guardMs;
  const life = release.startedAt - reachMs;
  return Math.min(windows, isGuarded ? life : Math.max(life, slot - provenAfterMs - reachMs));
}

function missing(before: Watched, context: TrackContext, slot: number, tried: Watched): Watched {
  const newest = tried.track.samples.at(-1);
  const track = advance(before.track, context, slot, newest === undefined ? [] : [newest]);
  return { track, endpoint: before.endpoint, primed: before.primed, answered: false };
}

/** The server had its say: the answer is about the data, not about whether it can be asked. */
function isAnswer(sample: Sample): boolean {
  return isKnown(sample) || unknownKind(sample.unknown) !== "no-answer";
}
