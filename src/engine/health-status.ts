import type { HealthTrigger } from "../rules/policy.ts";
import { isKnown, type Sample, unknownReason } from "../signals/sample.ts";
import { formatDuration, formatInstant } from "../text/format.ts";
import type { TriggerState, TriggerStatus } from "./trigger-status.ts";

/** A probe result as a sample: 1 passed, 0 failed. Unknown: the probing side itself was in trouble. */
const PASSED = 1;

/** A result older than this many probe intervals says nothing about now. */
const STALE_INTERVALS = 3;

/**
 * What a health trigger says at `at`. `results` are distinct probe results, oldest first:
 * one failure looked at twice is one result. Unknown results neither count nor reset.
 */
export function healthStatus(trigger: HealthTrigger, results: readonly Sample[], at: number): TriggerStatus {
  const known = results.filter(isKnown);
  const newest = results.at(-1);
  const run = failuresInARow(known);
  const state = stateOf({ trigger, run, newest, at });
  const judged = known.slice(-trigger.failures);
  return {
    trigger: trigger.name,
    state,
    ...(state === "unknown" && { unknown: unknownReason(newest) }),
    at: newest?.at ?? at,
    value: known.at(-1)?.value,
    window: {
      from: judged.at(0)?.at ?? at,
      to: judged.at(-1)?.at ?? at,
      size: trigger.failures,
      known: judged.length,
      breaching: Math.min(run, trigger.failures),
      longestGapMs: 0,
    },
    firesAt: state === "pending" ? at + (trigger.failures - run) * trigger.probe.intervalMs : undefined,
    headline: headlineOf(trigger, run, newest),
    reason: describe({ trigger, state, run, newest, at }),
  };
}

interface Seen {
  readonly trigger: HealthTrigger;
  readonly run: number;
  readonly newest: Sample | undefined;
  readonly at: number;
}

function stateOf({ trigger, run, newest, at }: Seen): TriggerState {
  if (newest === undefined || !isKnown(newest) || isStale(trigger, newest, at)) return "unknown";
  if (run === 0) return "inactive";
  return run >= trigger.failures ? "firing" : "pending";
}

function isStale(trigger: HealthTrigger, newest: Sample, at: number): boolean {
  return at - newest.at > STALE_INTERVALS * trigger.probe.intervalMs + trigger.probe.timeoutMs;
}

/** At the end of known probe results, oldest first. */
export function failuresInARow(known: readonly { readonly value: number }[]): number {
  const lastPassed = known.findLastIndex((result) => result.value >= PASSED);
  return known.length - 1 - lastPassed;
}

function describe({ trigger, state, run, newest, at }: Seen & { readonly state: TriggerState }): string {
  const probe = `${trigger.name}: ${trigger.probe.url}`;
  switch (state) {
    case "inactive":
      return `${probe} passes`;
    case "pending":
      return `${probe} failed ${run} of ${trigger.failures} in a row${last(newest)}, fires after ${trigger.failures - run} more`;
    case "firing":
      return `${probe} failed ${run === 1 ? "once" : `${run} times in a row`}${last(newest)}; it fires at ${trigger.failures}`;
    case "unknown":
      return `${probe} is unknown: ${whyUnknown(newest, at)}`;
  }
}

/** The last status or error. */
function last(newest: Sample | undefined): string {
  return newest?.detail === undefined ? "" : ` (last: ${newest.detail})`;
}

function headlineOf({ name }: HealthTrigger, run: number, newest: Sample | undefined): string {
  if (newest === undefined || !isKnown(newest)) return `${name} unknown`;
  if (run === 0) return `${name} passes`;
  return `${name} failed ${run === 1 ? "once" : `${run} times`}${newest.detail === undefined ? "" : ` (${statusIn(newest.detail)})`}`;
}

/** "HTTP 503 in 12 ms: …" → "HTTP 503". */
function statusIn(detail: string): string {
  return /^HTTP \d+/u.exec(detail)?.[0] ?? detail;
}

function whyUnknown(newest: Sample | undefined, at: number): string {
  if (newest === undefined) return "not probed yet";
  if (!isKnown(newest)) return `${newest.unknown}${newest.detail ? ` (${newest.detail})` : ""}`;
  return `last result is ${formatDuration(at - newest.at)} old, from ${formatInstant(newest.at, at)}`;
}
