import type { MetricTrigger } from "../rules/policy.ts";
import { isKnown, type Sample, unknownReason } from "../signals/sample.ts";
import { formatDuration, formatInstant, formatLimit, formatMeasured } from "../text/format.ts";
import { windowSize } from "./slots.ts";
import type { TriggerState, TriggerStatus, WindowSummary } from "./trigger-status.ts";
import { type Verdict, verdictOf } from "./verdict.ts";
import { qualifies, slotsUntilQualifies, summarizeWindow, type WindowRule } from "./window.ts";

/** What makes the trigger's window count as one long breach. */
export function windowRule(trigger: MetricTrigger, intervalMs: number): WindowRule {
  return {
    intervalMs,
    size: windowSize(trigger.forMs, intervalMs),
    breachRatio: trigger.breachRatio,
    minCoverage: trigger.minCoverage,
    maxGapMs: trigger.maxGapMs,
  };
}

/**
 * What a metric trigger says at the last slot of `window` (oldest first, one sample per slot, full size).
 * The newest slot alone separates unknown, inactive and breaching; the window separates pending from firing.
 */
export function metricStatus(
  trigger: MetricTrigger,
  intervalMs: number,
  window: readonly Sample[],
): TriggerStatus {
  const rule = windowRule(trigger, intervalMs);
  const verdicts = window.map((sample) => verdictOf(trigger.threshold, sample));
  const at = window.at(-1)?.at ?? 0;
  const summary = summarizeWindow(verdicts, at, rule);
  const state = stateOf(verdicts, rule);
  const waitMs = state === "pending" ? slotsUntilQualifies(verdicts, rule) * intervalMs : undefined;
  const firesAt = waitMs === undefined ? undefined : at + waitMs;
  return {
    trigger: trigger.name,
    state,
    ...(state === "unknown" && { unknown: unknownReason(window.at(-1)) }),
    at,
    value: window.findLast(isKnown)?.value,
    window: summary,
    firesAt,
    headline: headlineOf(trigger, window.findLast(isKnown)?.value),
    reason: describe({ trigger, state, window, summary, firesAt }),
  };
}

function stateOf(verdicts: readonly Verdict[], rule: WindowRule): TriggerState {
  switch (verdicts.at(-1) ?? "unknown") {
    case "unknown":
      return "unknown";
    case "healthy":
      return "inactive";
    case "breaching":
      return qualifies(verdicts, rule) ? "firing" : "pending";
  }
}

interface Told {
  readonly trigger: MetricTrigger;
  readonly state: TriggerState;
  readonly window: readonly Sample[];
  readonly summary: WindowSummary;
  readonly firesAt: number | undefined;
}

function describe(told: Told): string {
  const { trigger, state, window, summary } = told;
  const newest = window.at(-1);
  if (newest === undefined || !isKnown(newest)) return describeUnknown(told, newest);
  const { threshold, forMs } = trigger;
  const measured = `${trigger.name} is ${formatMeasured(newest.value, threshold)}`;
  const limit = `${threshold.op} ${formatLimit(threshold.text)}`;
  const slots = `(${summary.breaching} of ${summary.size} slots${gaps(summary)})`;
  switch (state) {
    case "firing":
      return `${measured}, ${limit}${forMs === 0 ? "" : ` for ${formatDuration(forMs)}`} ${slots}`;
    case "pending":
      return `${measured}, ${limit}; it fires at ${formatInstant(told.firesAt ?? summary.to, summary.to)} if that lasts ${slots}`;
    case "inactive":
      return `${measured}, not ${limit}`;
    case "unknown":
      return describeUnknown(told, newest);
  }
}

function describeUnknown({ trigger, window, summary }: Told, newest: Sample | undefined): string {
  const why = unknownReason(newest);
  const detail = newest !== undefined && !isKnown(newest) && newest.detail ? ` (${newest.detail})` : "";
  const last = window.findLast(isKnown);
  const seen = last
    ? `last known ${formatMeasured(last.value, trigger.threshold)} at ${formatInstant(last.at, summary.to)}`
    : "no known slot in the window";
  return `${trigger.name} is unknown: ${why}${detail}; ${seen}, ${summary.known} of ${summary.size} slots known`;
}

function gaps(summary: WindowSummary): string {
  const unknown = summary.size - summary.known;
  return unknown === 0 ? "" : `, ${unknown} unknown, longest gap ${formatDuration(summary.longestGapMs)}`;
}

/** Names that say no more than that errors are counted. */
const ERRORS = /^(https?-)?(errors?|5xx)([-_](rate|ratio|share))?$/u;

/** "20.8 % errors", "p95-latency 2.31 s": what a page begins with. */
function headlineOf({ name, query, threshold }: MetricTrigger, value: number | undefined): string {
  if (value === undefined) return `${name} unknown`;
  const measured = formatMeasured(value, threshold);
  return query.kind === "ratio" && ERRORS.test(name) ? `${measured} errors` : `${name} ${measured}`;
}
