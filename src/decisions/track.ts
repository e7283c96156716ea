import { healthStatus } from "../engine/health-status.ts";
import { metricStatus } from "../engine/metric-status.ts";
import { rolloutStatus, type RolloutSeen } from "../engine/rollout-status.ts";
import { windowSize } from "../engine/slots.ts";
import type { TriggerStatus } from "../engine/trigger-status.ts";
import { vulnerabilityStatus } from "../engine/vulnerability-status.ts";
import { type BlameBasis, blameBasis, type JudgedSlot, pastOf, withSlot } from "../releases/blame.ts";
import type { Release } from "../releases/release.ts";
import { NO_PROOF, type Proof } from "../releases/standing.ts";
import type { MetricTrigger, Policy, Trigger } from "../rules/policy.ts";
import type { ImagesSeen } from "../signals/image-report.ts";
import { isKnown, type Sample } from "../signals/sample.ts";
import { judgeSlots } from "./judge-slots.ts";

/**
 * What is remembered of one trigger between passes. It can be thrown away at any time and folded again
 * from Prometheus; nothing here is evidence.
 */
export interface TrackMemory {
  /** Oldest first; metric triggers: one per slot without a gap. Bounded by `remembered`. */
  readonly samples: readonly Sample[];
  /** What each of `samples` says of its time. */
  readonly judged: readonly JudgedSlot[];
  /** The last of those that said anything and that `judged` no longer holds. */
  readonly lastForgotten: JudgedSlot | undefined;
  /** About the release named, which was the last one seen; undefined until one is known. */
  readonly basis: (BlameBasis & { readonly releaseId: string }) | undefined;
  readonly proof: Proof;
}

/** A trigger's memory, and what it says now. */
export interface Track extends TrackMemory {
  readonly status: TriggerStatus;
}

/** One trigger of one policy, and the release that is live. */
export interface TrackContext {
  readonly trigger: Trigger;
  readonly intervalMs: number;
  readonly release: Release | undefined;
  /** For a rollout trigger: what is seen of its rollout; absent while the target is not seen. */
  readonly rollout?: RolloutSeen;
  /** For a vulnerability trigger: what is known of the running images; absent while the target is not seen. */
  readonly images?: ImagesSeen;
}

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
};

/** A trigger of which nothing is known at `at`. */
export function emptyTrack(context: TrackContext, at: number): Track {
  return { ...NOTHING_TRACKED, status: statusOf(context, [], at) };
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
  const newest = judgeSlots(context, track, added);
  const all = track.judged.concat(newest);
  const forgotten = all.slice(0, -keep).findLast(({ verdict }) => verdict !== "unknown");
  const status = statusOf(context, samples, at);
  return {
    samples,
    judged: all.slice(-keep),
    lastForgotten: forgotten ?? track.lastForgotten,
    status,
    basis: nextBasis(track, context, newest),
    proof: nextProof(track, context, added, lastFiringAt(context, newest, status)),
  };
}

/**
 * Does the track hold the past that blaming this release needs? If not, it must be folded again from
 * Prometheus, from `lookbackMs` before the release.
 */
export function reaches(track: Track, release: Release): boolean {
  const oldest = track.samples.at(0)?.at;
  return track.basis?.releaseId === release.id || (oldest !== undefined && oldest < release.startedAt);
}

/** The basis of a track as far as it is about this release; the past of the one before says nothing about it. */
export function basisFor({ basis }: Track, release: Release | undefined): BlameBasis | undefined {
  return basis?.releaseId === release?.id ? basis : undefined;
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
  return added;
}

function distinct(track: TrackMemory, fresh: readonly Sample[]): readonly Sample[] {
  const last = track.samples.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  return fresh.filter((sample) => sample.at > last);
}

function statusOf(
  { trigger, intervalMs, rollout, images, release }: TrackContext,
  samples: readonly Sample[],
  at: number,
): TriggerStatus {
  switch (trigger.kind) {
    case "metric":
      return metricStatus(trigger, intervalMs, fullWindow(trigger, intervalMs, samples, at));
    case "health":
      return healthStatus(trigger, samples, at);
    case "rollout":
      return rolloutStatus(trigger, rollout, at);
    case "vulnerability":
      return vulnerabilityStatus(trigger, images, release?.startedAt, at);
  }
}

/** The last window of samples ending at `at`, padded with what was never measured. */
function fullWindow(
  trigger: MetricTrigger,
  intervalMs: number,
  samples: readonly Sample[],
  at: number,
): readonly Sample[] {
  const size = windowSize(trigger.forMs, intervalMs);
  const end = samples.findLastIndex((sample) => sample.at <= at) + 1;
  const seen = samples.slice(Math.max(0, end - size), end);
  const missing = Array.from({ length: size - seen.length }, (_, index): Sample => {
    return { at: at - (size - 1 - index) * intervalMs, unknown: "not-evaluated" };
  });
  return [...missing, ...seen];
}

function nextBasis(track: TrackMemory, context: TrackContext, added: readonly JudgedSlot[]): Track["basis"] {
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
