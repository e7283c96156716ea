import type { Confirmation, FiringTrigger } from "../decisions/situation.ts";
import { healthStatus } from "../engine/health-status.ts";
import { metricStatus } from "../engine/metric-status.ts";
import type { Release } from "../releases/release.ts";
import type { TargetWatch } from "../releases/watch.ts";
import type { HealthTrigger, Policy } from "../rules/policy.ts";
import type { Sample } from "../signals/sample.ts";
import type { Sampler } from "../signals/sampler.ts";

export interface ConfirmPorts {
  readonly sampler: Sampler;
  readonly probeResults: (trigger: HealthTrigger) => readonly Sample[];
  readonly watch: TargetWatch;
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
  const [notFiring, target] = await Promise.all([
    whyNotFiring(policy, firing, ports),
    lookAtTarget(release, ports.watch),
  ]);
  return { notFiring, ...target };
}

async function whyNotFiring(
  policy: Policy,
  { trigger, status }: FiringTrigger,
  ports: ConfirmPorts,
): Promise<string | undefined> {
  const again =
    trigger.kind === "metric"
      ? metricStatus(
          trigger,
          policy.intervalMs,
          (
            await ports.sampler.sampleRange(trigger, {
              from: status.window.from,
              to: status.window.to,
              stepMs: policy.intervalMs,
            })
          ).samples,
        )
      : healthStatus(trigger, ports.probeResults(trigger), ports.now());
  return again.state === "firing" ? undefined : `on a second look, ${again.reason} (${again.state})`;
}

async function lookAtTarget(
  release: Release,
  watch: TargetWatch,
): Promise<Pick<Confirmation, "unseen" | "movedTo">> {
  const lookup = await watch.reread();
  if (lookup.ok) {
    const now = lookup.snapshot.release;
    const movedTo = now.id === release.id ? undefined : `${now.id} (revision ${now.revision.name})`;
    return { unseen: undefined, movedTo };
  }
  // Nothing is there to say its version, as when every pod crashed; that is no sign of another release.
  if (lookup.reason === "unknown-version") return { unseen: undefined, movedTo: undefined };
  return { unseen: `the target could not be looked at again: ${lookup.detail}`, movedTo: undefined };
}
