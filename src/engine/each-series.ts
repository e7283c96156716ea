import type { MetricTrigger } from "../rules/policy.ts";
import { isKnown, type Sample, type SeriesSample } from "../signals/sample.ts";
import { metricStatus } from "./metric-status.ts";
import { windowSize } from "./slots.ts";
import type { TriggerState, TriggerStatus } from "./trigger-status.ts";
import { verdictOf } from "./verdict.ts";

/** What a metric trigger says, and each window of it that fires, the worst first. */
export interface MetricStatuses {
  readonly status: TriggerStatus;
  readonly firing: readonly TriggerStatus[];
}

/** As `metricStatus`; with `aggregate: each` every series of `slots` has a window of its own, and one is enough. */
export function metricStatuses(
  trigger: MetricTrigger,
  intervalMs: number,
  slots: readonly Sample[],
): MetricStatuses {
  const counted = trigger.aggregate === "each" ? countedSeries(trigger, intervalMs, slots) : [];
  const slotsOf = slotsBySeries(slots);
  const [worst, ...others] = counted
    .map((name) => ofSeries(trigger, intervalMs, name, slotsOf(name)))
    .toSorted((a, b) => compareStatuses(trigger, a, b));
  if (worst === undefined) {
    const status = metricStatus(trigger, intervalMs, slots);
    return { status, firing: status.state === "firing" ? [status] : [] };
  }
  const firing = [worst, ...others].filter(({ state }) => state === "firing");
  const reason = `${worst.reason}${alike(worst.state, 1 + others.length, firing.length)}`;
  return { status: { ...worst, reason }, firing };
}

/** What one series of a trigger with `aggregate: each` says, whatever the others do. */
export function seriesStatus(
  trigger: MetricTrigger,
  intervalMs: number,
  name: string,
  slots: readonly Sample[],
): TriggerStatus {
  return ofSeries(trigger, intervalMs, name, slotsBySeries(slots)(name));
}

/** The slots of one series, by its name. A series that an answer does not have is unknown in that slot. */
export function slotsBySeries(slots: readonly Sample[]): (name: string) => readonly Sample[] {
  const table = slots.map(({ series = [] }) => new Map(series.map(({ name, sample }) => [name, sample])));
  return (name) =>
    slots.map((slot, index): Sample => {
      if (slot.series === undefined) return slot;
      return table[index]?.get(name) ?? { at: slot.at, unknown: "no-data", detail: `no sample of ${name}` };
    });
}

/**
 * Series that are not in the answer of slot `index` but breached when last known. Each is unknown until it has been
 * away for longer than a window tolerates; after that it is forgotten, as the pod that it was about is gone.
 */
export function breachingAway(
  trigger: Pick<MetricTrigger, "threshold" | "maxGapMs" | "forMs">,
  intervalMs: number,
  slots: readonly Sample[],
  index: number,
): readonly string[] {
  const gap = Math.min(Math.floor(trigger.maxGapMs / intervalMs), windowSize(trigger.forMs, intervalMs) - 1);
  const first = Math.max(0, index - gap);
  const isBreach = ({ sample }: SeriesSample): boolean =>
    verdictOf(trigger.threshold, sample) === "breaching";
  const before = slots.slice(first, index);
  if (!before.some((slot) => slot.series?.some(isBreach))) return [];
  const seen = new Set(slots[index]?.series?.map(({ name }) => name));
  const away: string[] = [];
  for (const slot of before.toReversed()) {
    for (const each of slot.series ?? []) {
      if (seen.has(each.name) || !isKnown(each.sample)) continue;
      seen.add(each.name);
      if (isBreach(each)) away.push(each.name);
    }
  }
  return away;
}

/** None where the newest slot is unknown as a whole. */
function countedSeries(
  trigger: MetricTrigger,
  intervalMs: number,
  slots: readonly Sample[],
): readonly string[] {
  const newest = slots.at(-1)?.series;
  if (newest === undefined) return [];
  return [...newest.map(({ name }) => name), ...breachingAway(trigger, intervalMs, slots, slots.length - 1)];
}

function ofSeries(
  trigger: MetricTrigger,
  intervalMs: number,
  series: string,
  slots: readonly Sample[],
): TriggerStatus {
  const named = { ...trigger, name: `${trigger.name} ${series}` };
  return { ...metricStatus(named, intervalMs, slots), trigger: trigger.name, series };
}

/** A breach is known whatever other series would have said; without one, a single unknown series leaves it open. */
const RANK: Readonly<Record<TriggerState, number>> = { firing: 0, pending: 1, unknown: 2, inactive: 3 };

function compareStatuses(
  { threshold }: Pick<MetricTrigger, "threshold">,
  a: TriggerStatus,
  b: TriggerStatus,
): number {
  const sign = threshold.op === "above" ? -1 : 1;
  return (
    RANK[a.state] - RANK[b.state] ||
    (a.firesAt ?? 0) - (b.firesAt ?? 0) ||
    (a.state === "unknown" ? b.window.breaching - a.window.breaching : 0) ||
    sign * ((a.value ?? 0) - (b.value ?? 0)) ||
    ((a.series ?? "") < (b.series ?? "") ? -1 : 1)
  );
}

function alike(state: TriggerState, count: number, firing: number): string {
  if (count === 1) return "";
  if (state === "firing") return `; ${firing} of ${count} series ${firing === 1 ? "fires" : "fire"}`;
  return state === "inactive" ? `; the worst of ${count} series` : `; one of ${count} series`;
}
