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
  const tally = emptyTally();
  for (let start = verdicts.length - 1; start >= 1; start -= 1) {
    const verdict = verdicts[start] ?? "unknown";
    countOne(tally, verdict);
    if (verdict !== "breaching") continue;
    const coming = { ...tally, known: tally.known + start, breaching: tally.breaching + start };
    if (countsQualify(coming, rule)) best = start;
  }
  return best;
}

/**
 * For each index of `verdicts` (oldest first) from `from` on: whether the window that ends there qualifies.
 * One walk, however large the window, because a backfill asks it of thousands of slots.
 */
export function qualifyingEnds(
  verdicts: readonly Verdict[],
  rule: WindowRule,
  from: number,
): readonly boolean[] {
  const ends: boolean[] = [];
  let known = 0;
  let breaching = 0;
  let gap = 0;
  let tooLongUntil = -1;
  const begin = Math.max(0, from - rule.size + 1);
  for (let end = begin; end < verdicts.length; end += 1) {
    const start = end - rule.size + 1;
    const newest = verdicts[end];
    const left = start > begin ? verdicts[start - 1] : undefined;
    known += Number(newest !== "unknown") - Number(left !== undefined && left !== "unknown");
    breaching += Number(newest === "breaching") - Number(left === "breaching");
    gap = newest === "unknown" ? gap + 1 : 0;
    if (!gapQualifies(gap, rule)) tooLongUntil = end;
    const isWhole = newest === "breaching" && verdicts[start] === "breaching" && tooLongUntil < start;
    if (end >= from) ends.push(isWhole && sharesQualify({ known, breaching }, rule));
  }
  return ends;
}

function countsQualify(counts: Counts, rule: WindowRule): boolean {
  return sharesQualify(counts, rule) && gapQualifies(counts.longestGap, rule);
}

function sharesQualify({ known, breaching }: Omit<Counts, "longestGap">, rule: WindowRule): boolean {
  return breaching >= rule.breachRatio * known - EPSILON && known >= rule.minCoverage * rule.size - EPSILON;
}

function gapQualifies(slots: number, rule: WindowRule): boolean {
  return slots * rule.intervalMs <= rule.maxGapMs + EPSILON;
}

interface Tally {
  known: number;
  breaching: number;
  longestGap: number;
  /** Unknown slots in a row at the end that is being walked to. */
  gap: number;
}

function emptyTally(): Tally {
  return { known: 0, breaching: 0, longestGap: 0, gap: 0 };
}

function countVerdicts(verdicts: readonly Verdict[]): Counts {
  const tally = emptyTally();
  for (const verdict of verdicts) countOne(tally, verdict);
  return tally;
}

/** In place: a window of a day has thousands of slots, and every pass walks over them. */
function countOne(tally: Tally, verdict: Verdict): void {
  if (verdict === "unknown") {
    tally.gap += 1;
    tally.longestGap = Math.max(tally.longestGap, tally.gap);
    return;
  }
  tally.known += 1;
  if (verdict === "breaching") tally.breaching += 1;
  tally.gap = 0;
}
