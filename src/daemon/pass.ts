import { isProven } from "../releases/standing.ts";
import type { Lookup } from "../releases/watch.ts";
import { type Policy, targetKey, type Trigger } from "../rules/policy.ts";
import { STATE_NUMBER } from "../telemetry/metrics.ts";
import { decideNow, type Seen } from "./decide-pass.ts";
import { measureHealth, measureMetric, notWatched, type Watched } from "./measure.ts";
import type { PassPorts } from "./ports.ts";
import { releaseRecords } from "./release-records.ts";
import { isBlind, nextSight, type Sight, SIGHTED } from "./sight.ts";
import { withMemory } from "./target-facts.ts";
import { triggerRecord } from "./trigger-records.ts";

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
  const facts = factsOf(policy, lookup, ports);
  ports.member.measuring();
  const watched = await measureAll(policy, before, { at, slot, release: facts?.release }, ports);
  const seen: Seen = { at, policy, facts, watched };
  ports.member.measured([...watched.values()].some(({ track }) => track.status.state === "firing"));
  await recordReleases(seen, ports);
  await recordTriggers(seen, ports);
  const sight = await recordSight(seen, before.sight, ports);
  await recordPromotion(seen, ports);
  showMetrics(seen, ports);
  await ports.member.othersMeasured();
  await decideNow(seen, ports);
  return { watched, sight, lookup, at };
}

function factsOf(policy: Policy, lookup: Lookup, { history }: PassPorts): Seen["facts"] {
  if (!lookup.ok) return undefined;
  const target = targetKey(policy);
  const remembered = { rollbacks: history.rollbacks(target), promoted: history.promoted(target) };
  return { ...withMemory(lookup.snapshot, remembered), uid: lookup.snapshot.uid };
}

type Now = Instant & { readonly release: NonNullable<Seen["facts"]>["release"] | undefined };

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
  { at, slot, release }: Now,
  ports: PassPorts,
): Promise<Watched> {
  const common = { intervalMs: policy.intervalMs, release };
  if (trigger.kind === "health") {
    const context = { ...common, trigger };
    return measureHealth(before ?? notWatched(context, at), context, at, ports.probeResults(trigger));
  }
  const context = { ...common, trigger };
  return measureMetric(before ?? notWatched(context, slot), context, slot, ports.sampler);
}

async function recordReleases({ policy, facts }: Seen, ports: PassPorts): Promise<void> {
  if (facts === undefined) return;
  for (const body of releaseRecords(policy.name, facts.release, ports.history.release(policy.name))) {
    await ports.record(body);
  }
}

async function recordTriggers({ policy, facts, watched }: Seen, ports: PassPorts): Promise<void> {
  for (const [name, { track }] of watched) {
    const from = ports.history.triggerState(policy.name, name);
    const body = triggerRecord(policy.name, facts?.release.id, from, track.status);
    if (body !== undefined) await ports.record(body);
  }
}

async function recordSight({ at, policy, watched }: Seen, before: Sight, ports: PassPorts): Promise<Sight> {
  const metrics = policy.triggers.filter(({ kind }) => kind === "metric");
  if (metrics.length === 0) return SIGHTED;
  const answered = metrics.some(({ name }) => watched.get(name)?.answered === true);
  const sight = nextSight(before, answered, at);
  const wasBlind = ports.history.isBlind(policy.name);
  if (!wasBlind && isBlind(sight, at, policy.blindAfterMs)) {
    const since = new Date(sight.blindSince ?? at).toISOString();
    const reason = watched.get(metrics.at(0)?.name ?? "")?.track.status.reason ?? "no answer";
    await ports.record({ type: "evaluation.blind", policy: policy.name, since, reason });
  } else if (wasBlind && answered) {
    const blindMs = before.blindSince === undefined ? 0 : at - before.blindSince;
    await ports.record({ type: "evaluation.sighted", policy: policy.name, blindMs });
  }
  return sight;
}

async function recordPromotion({ at, policy, facts, watched }: Seen, ports: PassPorts): Promise<void> {
  const recorded = ports.history.release(policy.name);
  if (facts === undefined || recorded?.id !== facts.release.id || recorded.promoted) return;
  const proofs = [...watched.values()].map(({ track }) => track.proof);
  if (!isProven(facts.release, proofs, policy.provenAfterMs, at)) return;
  const { id: release, revision } = facts.release;
  await ports.record({ type: "release.promoted", policy: policy.name, release, digest: revision.digest });
  await ports.markStanding(targetKey(policy), revision.digest, { kind: "good", at });
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
