import type { WindowSummary } from "./trigger-status.ts";
import type { Verdict } from "./verdict.ts";

/** What makes a full window of slots count as one long breach. */
export interface WindowRule {
  readonly intervalMs: number;
  /** Slots in the window, see `windowSize`. */
  readonly size: number;
  /** Share of the known slots that must breach. */
  readonly breachRatio: number;
  /** Share of all slots that must be known. */
  readonly minCoverage: number;
  /** Longest tolerated run of unknown slots, in time. */
  readonly maxGapMs: number;
}

interface Counts {
  readonly known: number;
  readonly breaching: number;
  readonly longestGap: number;
}

/** Shares of small integers: 0.7 × 10 is not 7 in binary, and must not cost a slot. */
const EPSILON = 1e-9;

/** `verdicts` is the whole window, oldest first, `rule.size` long. */
export function qualifies(verdicts: readonly Verdict[], rule: WindowRule): boolean {
  return (
    verdicts.at(0) === "breaching" &&
    verdicts.at(-1) === "breaching" &&
    countsQualify(countVerdicts(verdicts), rule)
  );
}

/** `verdicts` is the whole window, oldest first; `to` is its last slot, epoch ms. */
export function summarizeWindow(verdicts: readonly Verdict[], to: number, rule: WindowRule): WindowSummary {
  const counts = countVerdicts(verdicts);
  return {
    from: to - (rule.size - 1) * rule.intervalMs,
    to,
    size: rule.size,
    known: counts.known,
    breaching: counts.breaching,
    longestGapMs: counts.longestGap * rule.intervalMs,
  };
}

/**
 * In how many slots the window first qualifies if every coming slot breaches; at most `rule.size - 1`.
 * One walk from the newest slot back: a window that is k slots younger starts at `verdicts[k]`.
 */
export function slotsUntilQualifies(verdicts: readonly Verdict[], rule: WindowRule): number {
  let best = rule.size - 1;
  let tally = EMPTY;
  for (let start = verdicts.length - 1; start >= 1; start -= 1) {
    const verdict = verdicts[start] ?? "unknown";
    tally = countOne(tally, verdict);
    const coming = { ...tally, known: tally.known + start, breaching: tally.breaching + start };
    if (verdict === "breaching" && countsQualify(coming, rule)) best = start;
  }
  return best;
}

function countsQualify(counts: Counts, rule: WindowRule): boolean {
  return (
    counts.breaching >= rule.breachRatio * counts.known - EPSILON &&
    counts.known >= rule.minCoverage * rule.size - EPSILON &&
    counts.longestGap * rule.intervalMs <= rule.maxGapMs + EPSILON
  );
}

interface Tally extends Counts {
  /** Unknown slots in a row at the end that is being walked to. */
  readonly gap: number;
}

const EMPTY: Tally = { known: 0, breaching: 0, longestGap: 0, gap: 0 };

function countVerdicts(verdicts: readonly Verdict[]): Counts {
  return verdicts.reduce(countOne, EMPTY);
}

function countOne(tally: Tally, verdict: Verdict): Tally {
  if (verdict === "unknown") {
    const gap = tally.gap + 1;
    return { ...tally, gap, longestGap: Math.max(tally.longestGap, gap) };
  }
  return {
    known: tally.known + 1,
    breaching: tally.breaching + (verdict === "breaching" ? 1 : 0),
    longestGap: tally.longestGap,
    gap: 0,
  };
}
