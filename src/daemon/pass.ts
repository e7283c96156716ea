import { type Heat, heatOf } from "../decisions/mass-breach.ts";
import { imagesUsed, type RolloutStatus } from "../releases/release.ts";
import type { Lookup } from "../releases/watch.ts";
import type { Policy, Trigger } from "../rules/policy.ts";
import { imagesSeen } from "../signals/image-report.ts";
import { STATE_NUMBER } from "../telemetry/metrics.ts";
import { decideNow } from "./decide-pass.ts";
import { settleHold } from "./hold-pass.ts";
import type { Seen } from "./seen.ts";
import {
  measureHealth,
  measureMetric,
  measureRollout,
  measureVulnerability,
  notWatched,
  type Watched,
} from "./measure.ts";
import type { PassPorts } from "./ports.ts";
import { recordChanges } from "./record-pass.ts";
import { type Sight, SIGHTED } from "./sight.ts";
import { withMemory } from "./target-facts.ts";
import { onTriggerClock } from "./trigger-clock.ts";

/** What one policy carries from pass to pass. */
export interface Carried {
  readonly watched: ReadonlyMap<string, Watched>;
  readonly sight: Sight;
  /** What the target looked like. */
  readonly lookup: Lookup | undefined;
  /** The instant of the last pass, epoch ms. */
  readonly at: number | undefined;
}

export const NOTHING_CARRIED: Carried = {
  watched: new Map(),
  sight: SIGHTED,
  lookup: undefined,
  at: undefined,
};

export interface Instant {
  /** Now, taken once. */
  readonly at: number;
  /** The newest slot of the policy at that time. */
  readonly slot: number;
}

/** One pass over one policy: look, measure, record what changed, decide. */
export async function runPass(
  policy: Policy,
  before: Carried,
  { at, slot }: Instant,
  ports: PassPorts,
): Promise<Carried> {
  const lookup = ports.watch.current();
  const facts = factsOf(lookup, ports);
  ports.member.measuring();
  const rollout = lookup.ok ? lookup.snapshot.rollout : undefined;
  const watched = await measureAll(policy, before, { at, slot, release: facts?.release, rollout }, ports);
  // What was measured while connections were being ended says nothing about the target.
  if (ports.isStopping()) return before;
  const seen: Seen = { at, policy, facts, unseen: unseenOf(lookup), watched };
  ports.member.measured(heatNow(policy, watched));
  const sight = await recordChanges(seen, before.sight, ports);
  showMetrics(seen, ports);
  await ports.member.othersMeasured();
  await decideNow(seen, ports);
  await settleHold(seen, ports);
  if (facts !== undefined && ports.mayDecide()) ports.checkpoints.look(facts.release, slot);
  return { watched, sight, lookup, at };
}

/** Takes the decision anew on what the last pass found; no slot is measured again. Nothing before the first pass. */
export async function weighAgain(
  policy: Policy,
  { watched, at: measuredAt }: Carried,
  at: number,
  ports: PassPorts,
): Promise<void> {
  if (measuredAt === undefined) return;
  const lookup = ports.watch.current();
  await ports.member.othersMeasured();
  await decideNow({ at, policy, facts: factsOf(lookup, ports), unseen: unseenOf(lookup), watched }, ports);
}

/** As far as a shared cause may be behind it: that images share a vulnerability takes nothing down. */
function heatNow({ intervalMs, triggers }: Policy, watched: ReadonlyMap<string, Watched>): Heat {
  const statuses = triggers.flatMap(({ kind, name }) => {
    const seen = watched.get(name);
    return kind === "vulnerability" || seen === undefined ? [] : [seen.track.status];
  });
  return heatOf(statuses, intervalMs);
}

function factsOf(lookup: Lookup, { history }: PassPorts): Seen["facts"] {
  return lookup.ok ? { ...withMemory(lookup.snapshot, history), uid: lookup.snapshot.uid } : undefined;
}

function unseenOf(lookup: Lookup): string | undefined {
  return lookup.ok ? undefined : lookup.detail;
}

type Now = Instant & {
  readonly release: NonNullable<Seen["facts"]>["release"] | undefined;
  readonly rollout: RolloutStatus | undefined;
};

async function measureAll(
  policy: Policy,
  before: Carried,
  now: Now,
  ports: PassPorts,
): Promise<ReadonlyMap<string, Watched>> {
  const measured = policy.triggers.map(async (trigger) => {
    const watched = await measureOne(
      { policy, trigger, before: before.watched.get(trigger.name) },
      now,
      ports,
    );
    return [trigger.name, watched] as const;
  });
  return new Map(await Promise.all(measured));
}

async function measureOne(
  {
    policy,
    trigger,
    before,
  }: { readonly policy: Policy; readonly trigger: Trigger; readonly before: Watched | undefined },
  { at, slot, release, rollout }: Now,
  ports: PassPorts,
): Promise<Watched> {
  const { intervalMs } = policy;
  const skewed = { trigger, skewMs: ports.skewMs(), intervalMs };
  const common = { intervalMs, release: release && onTriggerClock(release, skewed) };
  if (trigger.kind === "health") {
    const context = { ...common, trigger };
    return measureHealth(before ?? notWatched(context, at), context, at, ports.probeResults(trigger));
  }
  if (trigger.kind === "rollout") {
    const context = { ...common, trigger, ...(rollout && { rollout }) };
    return measureRollout(before ?? notWatched(context, at), context, at);
  }
  if (trigger.kind === "vulnerability") {
    const images = release && imagesSeen(imagesUsed(release.revision), ports.reports());
    const context = { ...common, trigger, ...(images && { images }) };
    return measureVulnerability(before ?? notWatched(context, at), context, at);
  }
  const context = { ...common, trigger, policy };
  return measureMetric(before, context, slot, ports.sampler);
}

function showMetrics({ policy, watched }: Seen, { metrics }: PassPorts): void {
  for (const [trigger, { track }] of watched) {
    const labels = { policy: policy.name, trigger };
    const { state, value, window } = track.status;
    metrics.triggerState.set(labels, STATE_NUMBER[state]);
    if (value !== undefined) metrics.triggerValue.set(labels, value);
    metrics.windowCoverage.set(labels, window.known / window.size);
  }
}
