import type { Evidence } from "../decisions/decision.ts";
import { isKnown, type Sample } from "../signals/sample.ts";
import { formatDuration, formatMeasured, formatThreshold } from "../text/format.ts";

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const UNKNOWN = "·";
const MAX_WIDTH = 60;

/**
 * One character a slot: bars from zero (or the lowest value, if that is below zero) to the highest value or the
 * limit, whichever is more, so that what is far below its limit looks so; `·` where nothing was known.
 * Long windows are shortened to `width`; the highest value of each part is what shows.
 */
export function chart(
  { samples, limit = 0 }: Pick<Evidence, "samples" | "limit">,
  width = MAX_WIDTH,
): string {
  const parts = split(samples, width).map(highest);
  const values = parts.filter((value) => value !== undefined);
  const low = Math.min(0, limit, ...values);
  const span = Math.max(0, limit, ...values) - low;
  return parts
    .map((value) => (value === undefined ? UNKNOWN : bar(span === 0 ? 0 : (value - low) / span)))
    .join("");
}

/** "error-rate (fires above 5 % for 5 min): 0.1 % to 11.2 %, newest 10.9 %" */
export function evidenceText(evidence: Evidence): string {
  const { trigger, threshold, forMs } = evidence;
  const lasting = forMs === 0 ? "" : ` for ${formatDuration(forMs)}`;
  return `${trigger} (fires ${firesAt(threshold)}${lasting}): ${range(evidence)}`;
}

function firesAt(threshold: string): string {
  if (isProbe(threshold)) return `after ${threshold}`;
  return /^(above|below) /u.test(threshold) ? formatThreshold(threshold) : `when ${threshold}`;
}

type Measured = Pick<Evidence, "threshold" | "limit" | "samples">;

/**
 * The samples in words: "0.1 % to 11.2 %, newest 10.9 %, 19 of 21 slots known" for a limit, "3 of 3 probes failed,
 * last: HTTP 503" for a probe.
 */
export function range(evidence: Measured): string {
  const known = evidence.samples.filter(isKnown);
  const newest = known.at(-1);
  const parts = newest === undefined ? [] : wordsOf(evidence, known, newest);
  const counted = known.length === evidence.samples.length ? [] : [slotsKnown(evidence, known.length)];
  return [...parts, ...counted].join(", ") || "nothing measured";
}

function slotsKnown({ threshold, samples }: Measured, known: number): string {
  return `${known} of ${samples.length} ${isProbe(threshold) ? "probe results" : "slots"} known`;
}

type Known = Extract<Sample, { readonly value: number }>;

function wordsOf(evidence: Measured, known: readonly Known[], newest: Known): readonly string[] {
  const { threshold } = evidence;
  if (isProbe(threshold)) return [probesText(known, newest)];
  if (threshold === "stalled") return [newest.value === 0 ? "not stalled" : (newest.detail ?? "stalled")];
  if (threshold.startsWith("severity ")) return [`${newest.value} found`];
  const values = known.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high
    ? [measuredIn(evidence, low)]
    : [
        `${measuredIn(evidence, low)} to ${measuredIn(evidence, high)}`,
        `newest ${measuredIn(evidence, newest.value)}`,
      ];
}

function probesText(known: readonly Known[], newest: Known): string {
  const failed = known.filter(({ value }) => value === 0).length;
  const last = newest.detail === undefined ? "" : `, last: ${newest.detail}`;
  return failed === 0
    ? `${known.length} of ${known.length} probes passed${last}`
    : `${failed} of ${known.length} probes failed${last}`;
}

function isProbe(threshold: string): boolean {
  return /^\d+ failures\b/u.test(threshold);
}

/** One value, as the evidence shows it. */
export function sampleText(evidence: Omit<Measured, "samples">, value: number): string {
  const { threshold } = evidence;
  if (isProbe(threshold)) return value === 0 ? "failed" : "passed";
  if (threshold === "stalled") return value === 0 ? "not stalled" : "stalled";
  return measuredIn(evidence, value);
}

function measuredIn({ threshold, limit }: Omit<Measured, "samples">, value: number): string {
  const text = threshold.replace(/^(above|below) /u, "");
  return formatMeasured(value, { text, ...(limit !== undefined && { value: limit }) });
}

function split(samples: readonly Sample[], width: number): readonly (readonly Sample[])[] {
  const size = Math.max(1, Math.ceil(samples.length / width));
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, index) =>
    samples.slice(index * size, (index + 1) * size),
  );
}

function highest(part: readonly Sample[]): number | undefined {
  const values = part.filter(isKnown).map(({ value }) => value);
  return values.length === 0 ? undefined : Math.max(...values);
}

function bar(share: number): string {
  return BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))] ?? UNKNOWN;
}
