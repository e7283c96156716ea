import { windowSize } from "../engine/slots.ts";
import type { TriggerStatus } from "../engine/trigger-status.ts";
import { type BlameBasis, blameBasis, type JudgedSlot, pastOf, withSlot } from "../releases/blame.ts";
import type { Release } from "../releases/release.ts";
import { NO_PROOF, type Proof } from "../releases/standing.ts";
import type { MetricTrigger, Policy, Trigger } from "../rules/policy.ts";
import { isKnown, type Sample } from "../signals/sample.ts";
import { judgeSlots } from "./judge-slots.ts";
import { type BlameMemory, foldSeries, type SeriesFolded, withinRoom } from "./series-memory.ts";
import { statusesOf, type TrackContext, type TrackStatuses } from "./track-status.ts";

/**
 * What is remembered of one trigger between passes. It can be thrown away at any time and folded again
 * from Prometheus; nothing here is evidence.
 */
export interface TrackMemory extends BlameMemory {
  /** Oldest first; metric triggers: one per slot without a gap. Bounded by `remembered`. */
  readonly samples: readonly Sample[];
  readonly proof: Proof;
  /** With `aggregate: each`: every series that is known in `samples`, by its name. Else empty. */
  readonly series: ReadonlyMap<string, BlameMemory>;
}

/** A trigger's memory, and what it says now. */
export type Track = TrackMemory & TrackStatuses;

const HOUR_MS = 3_600_000;
/** A rollout, like a vulnerability, is judged by one look; some more say how the one before it stood when a new release is seen late. */
const LOOKS = 8;

/** How far before a release its past is asked about: an hour, or one window where that is longer. */
export function lookbackMs(trigger: Trigger, intervalMs: number): number {
  const windowMs = trigger.kind === "metric" ? windowSize(trigger.forMs, intervalMs) * intervalMs : 0;
  return Math.max(HOUR_MS, windowMs);
}

/** The least that counts as one window when it is asked how long a last known slot tells how things stand. */
const FEWEST_SLOTS = 4;

/** For how long the last known slot before a release tells how things stood at its start. */
export function pastWindowMs(trigger: Trigger, intervalMs: number): number {
  switch (trigger.kind) {
    case "metric":
      return Math.max(trigger.forMs, FEWEST_SLOTS * intervalMs);
    case "health":
      return Math.max(trigger.failures, FEWEST_SLOTS) * trigger.probe.intervalMs;
    case "rollout":
    case "vulnerability":
      return FEWEST_SLOTS * intervalMs;
  }
}

/**
 * How far back a metric trigger is measured, so that the last known slot before a release can be told: as far as
 * that is looked for, and one window more, which says whether the trigger was firing there.
 */
export function measuredMs(trigger: MetricTrigger, intervalMs: number): number {
  return lookbackMs(trigger, intervalMs) + windowSize(trigger.forMs, intervalMs) * intervalMs;
}

/** What is remembered before anything is measured. */
export const NOTHING_TRACKED: TrackMemory = {
  samples: [],
  judged: [],
  lastForgotten: undefined,
  basis: undefined,
  proof: NO_PROOF,
  series: new Map(),
};

/** A trigger of which nothing is known at `at`. */
export function emptyTrack(context: TrackContext, at: number): Track {
  return { ...NOTHING_TRACKED, ...statusesOf(context, [], at) };
}

/**
 * The track at slot `at`, given what was measured since the last one, oldest first: for a metric trigger the
 * samples of the slots since, for a health trigger the new probe results, for a rollout trigger one look. Slots that nobody measured become
 * unknown; a slot that is already known is never judged again. Many slots at once (a backfill, or what a late
 * pass missed) give what slot after slot would have given, in one walk.
 */
export function advance(
  track: TrackMemory,
  context: TrackContext,
  at: number,
  fresh: readonly Sample[],
): Track {
  const added =
    context.trigger.kind === "metric" ? onGrid(track, context, at, fresh) : distinct(track, fresh);
  const keep = remembered(context);
  const samples = track.samples.concat(added).slice(-keep);
  const each = nextSeries(track, context, added);
  const newest = each?.judged ?? judgeSlots(context, track, added);
  const all = track.judged.concat(newest);
  const forgotten = all.slice(0, -keep).findLast(({ verdict }) => verdict !== "unknown");
  const statuses = statusesOf(context, samples, at);
  return {
    samples,
    judged: all.slice(-keep),
    lastForgotten: forgotten ?? track.lastForgotten,
    ...statuses,
    basis: nextBasis(track, context, newest),
    proof: nextProof(track, context, added, lastFiringAt(context, newest, statuses.status)),
    series: each?.series ?? track.series,
  };
}

/** Undefined for triggers whose series have no windows of their own. */
function nextSeries(
  track: TrackMemory,
  context: TrackContext,
  added: readonly Sample[],
): SeriesFolded | undefined {
  const { trigger, intervalMs } = context;
  if (trigger.kind !== "metric" || trigger.aggregate !== "each") return undefined;
  const keep = remembered(context);
  return foldSeries(track, added, {
    trigger,
    intervalMs,
    keep,
    nextBasis: (memory, slots) => nextBasis(memory, context, slots),
  });
}

/**
 * Does the track hold the past that blaming this release needs? If not, it must be folded again from
 * Prometheus, from `lookbackMs` before the release.
 */
export function reaches(track: Track, release: Release): boolean {
  const oldest = track.samples.at(0)?.at;
  return track.basis?.releaseId === release.id || (oldest !== undefined && oldest < release.startedAt);
}

/**
 * The basis of a track as far as it is about this release; the past of the one before says nothing about it. A series
 * (`name`) has a past of its own. One that began with the release, as that of a new pod does, has the past of all.
 */
export function basisFor(
  { basis, series }: Pick<Track, "basis" | "series">,
  release: Release | undefined,
  name?: string,
): BlameBasis | undefined {
  const own = name === undefined ? undefined : series.get(name)?.basis;
  const [ofSeries, ofAll] = [own, basis].map((each) => (each?.releaseId === release?.id ? each : undefined));
  if (ofSeries === undefined || ofAll === undefined) return ofAll;
  if (ofSeries.before !== undefined) return ofSeries;
  return { ...ofAll, healthySince: ofAll.healthySince || ofSeries.healthySince };
}

/** Some trigger was breaching when the release replaced its predecessor. */
export function wasBreachingBefore(
  { triggers, intervalMs }: Pick<Policy, "triggers" | "intervalMs">,
  watched: ReadonlyMap<string, { readonly track: Track }>,
  release: Release | undefined,
): boolean {
  return triggers.some((trigger) => {
    const track = watched.get(trigger.name)?.track;
    const basis = track && basisFor(track, release);
    if (basis === undefined || release === undefined) return false;
    return pastOf(basis, release.startedAt, pastWindowMs(trigger, intervalMs)) === "breaching";
  });
}

/** Likewise its proof. */
export function proofFor({ basis, proof }: TrackMemory, release: Release): Proof {
  return basis?.releaseId === release.id ? proof : NO_PROOF;
}

/** Two windows: one to judge now, one to say how things stood before a release within the first. */
function remembered({ trigger, intervalMs }: TrackContext): number {
  switch (trigger.kind) {
    case "metric":
      return 2 * windowSize(trigger.forMs, intervalMs) + 2;
    case "health":
      return 2 * trigger.failures + 2;
    case "rollout":
    case "vulnerability":
      return LOOKS;
  }
}

function onGrid(
  track: TrackMemory,
  context: TrackContext,
  at: number,
  fresh: readonly Sample[],
): readonly Sample[] {
  const { intervalMs } = context;
  const last = track.samples.at(-1)?.at;
  const oldest = fresh.at(0)?.at ?? at;
  const first = last === undefined ? oldest : last + intervalMs;
  const begin = Math.max(first, oldest - remembered(context) * intervalMs);
  const added: Sample[] = [];
  let next = 0;
  for (let slot = begin; slot <= at; slot += intervalMs) {
    while ((fresh[next]?.at ?? slot) < slot) next += 1;
    const sample = fresh[next];
    added.push(sample?.at === slot ? sample : { at: slot, unknown: "not-evaluated" });
  }
  return withinRoom(added, remembered(context), track.series);
}

function distinct(track: TrackMemory, fresh: readonly Sample[]): readonly Sample[] {
  const last = track.samples.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  return fresh.filter((sample) => sample.at > last);
}

function nextBasis(track: BlameMemory, context: TrackContext, added: readonly JudgedSlot[]): Track["basis"] {
  const { release, trigger, intervalMs } = context;
  // A target that is out of sight for a moment comes back with the release it had.
  if (release === undefined) return track.basis;
  const lookback = lookbackMs(trigger, intervalMs);
  if (track.basis?.releaseId !== release.id) {
    const slots = [track.lastForgotten ?? [], track.judged, added].flat();
    return { releaseId: release.id, ...blameBasis(slots, release.startedAt, lookback) };
  }
  const basis = added.reduce<BlameBasis>(
    (so, slot) => withSlot(so, slot, release.startedAt, lookback),
    track.basis,
  );
  return { ...basis, releaseId: release.id };
}

function nextProof(
  track: TrackMemory,
  { release, trigger }: TrackContext,
  added: readonly Sample[],
  firingAt: number | undefined,
): Proof {
  if (release === undefined) return track.proof;
  const before = proofFor(track, release);
  const live = added.filter((sample) => release.clockAt !== undefined && sample.at >= release.clockAt);
  return {
    // Whether anybody scans the images must not decide whether a release can prove itself; what they find does.
    known: before.known + (trigger.kind === "vulnerability" ? live : live.filter(isKnown)).length,
    total: before.total + live.length,
    lastFiringAt: firingAt ?? before.lastFiringAt,
  };
}

/** When the trigger last fired in the slots that were `added`, also if it no longer does. */
function lastFiringAt(
  { trigger }: TrackContext,
  added: readonly JudgedSlot[],
  status: TriggerStatus,
): number | undefined {
  if (status.state === "firing") return status.at;
  return trigger.kind === "metric" ? added.findLast(({ firing }) => firing)?.at : undefined;
}
