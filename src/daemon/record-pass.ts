import { proofFor } from "../decisions/track.ts";
import { isGuarded } from "../releases/guard.ts";
import { isProven } from "../releases/standing.ts";
import { targetKey } from "../rules/policy.ts";
import type { Seen } from "./seen.ts";
import type { PassPorts } from "./ports.ts";
import { releaseRecords } from "./release-records.ts";
import { isBlind, nextSight, type Sight, SIGHTED } from "./sight.ts";
import { goneTriggerRecord, triggerRecord } from "./trigger-records.ts";

/** Records what a pass saw that the log does not know yet, all but the decision. Gives back how its sight is now. */
export async function recordChanges(seen: Seen, before: Sight, ports: PassPorts): Promise<Sight> {
  await recordReleases(seen, ports);
  await recordTriggers(seen, ports);
  const sight = await recordSight(seen, before, ports);
  await recordNoData(seen, ports);
  await recordPromotion(seen, ports);
  return sight;
}

async function recordReleases({ policy, facts }: Seen, ports: PassPorts): Promise<void> {
  if (facts === undefined || isMoving(policy, ports)) return;
  const { release, owners } = facts;
  const recorded = ports.history.release(policy.name);
  for (const body of releaseRecords(policy.name, release, recorded, owners.length > 0 ? { owners } : {})) {
    // Each follows from the one before: after a failure the next pass goes on from what is on record.
    if ((await ports.record(body)) === undefined) return;
  }
}

/** What a group runs while rollbackd moves one member after the other is no release of anybody. */
function isMoving(policy: Seen["policy"], { history }: PassPorts): boolean {
  const open = history.open(targetKey(policy));
  return policy.target.kind === "group" && open !== undefined && open.appliedAt === undefined;
}

async function recordTriggers({ at, policy, facts, watched }: Seen, ports: PassPorts): Promise<void> {
  const { history } = ports;
  for (const [name, { track }] of watched) {
    const state = history.triggerState(policy.name, name);
    const kind = history.unknown(policy.name, name)?.kind;
    const body = triggerRecord(policy.name, facts?.release.id, { state, kind }, track.status);
    if (body !== undefined) await ports.record(body);
  }
  for (const gone of history.unresolved(policy.name).filter((name) => !watched.has(name))) {
    await ports.record(goneTriggerRecord(policy.name, gone, history.triggerState(policy.name, gone), at));
  }
}

async function recordSight({ at, policy, watched }: Seen, before: Sight, ports: PassPorts): Promise<Sight> {
  const metrics = policy.triggers.filter(({ kind }) => kind === "metric");
  // Without anything to query there is nothing to be blind for.
  const answered = metrics.length === 0 || metrics.some(({ name }) => watched.get(name)?.answered === true);
  const sight = answered ? SIGHTED : nextSight(before, at);
  const recorded = ports.history.blind(policy.name);
  if (answered) {
    if (recorded !== undefined) {
      await ports.record({ type: "evaluation.sighted", policy: policy.name, blindMs: at - recorded.since });
    }
    return sight;
  }
  const observes = policy.triggers.every(({ mode }) => mode === "observe");
  // Blindness that only observing made quiet pages once the policy acts.
  const isNew = recorded === undefined || (recorded.observes && !observes);
  if (isNew && isBlind(sight, at, policy.blindAfterMs)) {
    const since = new Date(recorded?.since ?? sight.blindSince ?? at).toISOString();
    const reason = blindReason(metrics, watched);
    await ports.record({
      type: "evaluation.blind",
      policy: policy.name,
      since,
      reason,
      ...(observes && { observes }),
    });
  }
  return sight;
}

function blindReason([first]: Seen["policy"]["triggers"], watched: Seen["watched"]): string {
  return watched.get(first?.name ?? "")?.track.status.reason ?? "no answer";
}

/** Once a spell, and only what Prometheus itself has nothing to say about: being blind is told by itself. */
async function recordNoData({ at, policy, facts, watched }: Seen, ports: PassPorts): Promise<void> {
  if (facts === undefined || !isGuarded(facts.release, policy.guard, at)) return;
  const release = facts.release.id;
  for (const [trigger, { track, answered }] of watched) {
    const unknown = ports.history.unknown(policy.name, trigger);
    if (!answered || unknown === undefined || unknown.told) continue;
    if (at - unknown.since < policy.noDataAfterMs) continue;
    const since = new Date(unknown.since).toISOString();
    const { reason, unknown: why } = track.status;
    await ports.record({
      type: "evaluation.no-data",
      policy: policy.name,
      release,
      trigger,
      since,
      reason,
      ...(why !== undefined && { unknown: why }),
    });
  }
}

async function recordPromotion({ at, policy, facts, watched }: Seen, ports: PassPorts): Promise<void> {
  const recorded = ports.history.release(policy.name);
  if (facts === undefined || recorded?.id !== facts.release.id || recorded.promoted) return;
  const proofs = [...watched.values()].map(({ track }) => proofFor(track, facts.release));
  if (!isProven(facts.release, proofs, policy.provenAfterMs, at)) return;
  const { id: release, revision } = facts.release;
  const { digest, members } = revision;
  const record = await ports.record({ type: "release.promoted", policy: policy.name, release, digest });
  if (record === undefined) return;
  await ports
    .markStanding(targetKey(policy), digest, { kind: "good", at }, members)
    .catch((error: unknown) => {
      ports.logger.warn(
        { err: error, policy: policy.name, release },
        "the release is proven good, but the target could not be marked so; the log alone knows it",
      );
    });
}
