import type { Confirmation, FiringTrigger } from "../decisions/situation.ts";
import { metricStatuses, seriesStatus } from "../engine/each-series.ts";
import { healthStatus } from "../engine/health-status.ts";
import { rolloutStatus } from "../engine/rollout-status.ts";
import type { TriggerStatus } from "../engine/trigger-status.ts";
import { vulnerabilityStatus } from "../engine/vulnerability-status.ts";
import { imagesUsed, type Release } from "../releases/release.ts";
import type { Lookup, TargetWatch } from "../releases/watch.ts";
import type { HealthTrigger, Policy, Trigger } from "../rules/policy.ts";
import { imagesSeen, type KnownReports } from "../signals/image-report.ts";
import type { Sample } from "../signals/sample.ts";
import type { Sampler } from "../signals/sampler.ts";

export interface ConfirmPorts {
  readonly sampler: Sampler;
  readonly probeResults: (trigger: HealthTrigger) => readonly Sample[];
  readonly watch: TargetWatch;
  /** About images, running or not. */
  readonly reports: () => KnownReports;
  readonly now: () => number;
}

/**
 * The last look before an act: the whole window in one range query, so that it is one server's word, and the
 * target itself. What cannot be seen is not confirmed.
 */
export async function confirm(
  policy: Policy,
  firing: FiringTrigger,
  release: Release,
  ports: ConfirmPorts,
): Promise<Confirmation> {
  const lookup = ports.watch.reread();
  const [notFiring, target] = await Promise.all([
    whyNotFiring(policy, firing, { ...ports, lookup }),
    lookAtTarget(release, lookup),
  ]);
  return { notFiring, ...target };
}

/** What these say is read from the target itself. */
const LOOKS_AT_TARGET: ReadonlySet<Trigger["kind"]> = new Set(["rollout", "vulnerability"]);

async function whyNotFiring(
  policy: Policy,
  firing: FiringTrigger,
  ports: ConfirmPorts & { readonly lookup: Promise<Lookup> },
): Promise<string | undefined> {
  const again = await secondLook(policy, firing, ports);
  if (LOOKS_AT_TARGET.has(firing.trigger.kind) && isUnseen(await ports.lookup)) return undefined;
  return again.state === "firing" ? undefined : `on a second look, ${again.reason} (${again.state})`;
}

async function secondLook(
  { intervalMs }: Policy,
  { trigger, status }: FiringTrigger,
  ports: ConfirmPorts & { readonly lookup: Promise<Lookup> },
): Promise<TriggerStatus> {
  switch (trigger.kind) {
    case "metric": {
      const { from, to } = status.window;
      const { samples } = await ports.sampler.sampleRange(trigger, { from, to, stepMs: intervalMs });
      return status.series === undefined
        ? metricStatuses(trigger, intervalMs, samples).status
        : seriesStatus(trigger, intervalMs, status.series, samples);
    }
    case "health":
      return healthStatus(trigger, ports.probeResults(trigger), ports.now());
    case "rollout": {
      const lookup = await ports.lookup;
      return rolloutStatus(trigger, lookup.ok ? lookup.snapshot.rollout : undefined, ports.now());
    }
    case "vulnerability": {
      const lookup = await ports.lookup;
      const release = lookup.ok ? lookup.snapshot.release : undefined;
      const seen = release && imagesSeen(imagesUsed(release.revision), ports.reports());
      return vulnerabilityStatus(trigger, seen, release?.startedAt, ports.now());
    }
  }
}

/** Told as that, not as a trigger that went quiet. */
function isUnseen(lookup: Lookup): boolean {
  return !lookup.ok && lookup.reason !== "unknown-version";
}

async function lookAtTarget(
  release: Release,
  looked: Promise<Lookup>,
): Promise<Pick<Confirmation, "unseen" | "movedTo">> {
  const lookup = await looked;
  if (lookup.ok) {
    const now = lookup.snapshot.release;
    const movedTo = now.id === release.id ? undefined : `${now.id} (revision ${now.revision.name})`;
    return { unseen: undefined, movedTo };
  }
  // Nothing is there to say its version, as when every pod crashed; that is no sign of another release.
  if (!isUnseen(lookup)) return { unseen: undefined, movedTo: undefined };
  return { unseen: `the target could not be looked at again: ${lookup.detail}`, movedTo: undefined };
}
