import { breachingAway, slotsBySeries } from "../engine/each-series.ts";
import { verdictOf } from "../engine/verdict.ts";
import type { BlameBasis, JudgedSlot } from "../releases/blame.ts";
import type { MetricTrigger } from "../rules/policy.ts";
import type { Sample } from "../signals/sample.ts";
import { judgeMetric } from "./judge-slots.ts";

/** What is remembered of slots for blame: of a whole trigger, or of one series with `aggregate: each`. */
export interface BlameMemory {
  /** What each remembered slot says of its time, oldest first. */
  readonly judged: readonly JudgedSlot[];
  /** The last of those that said anything and that `judged` no longer holds. */
  readonly lastForgotten: JudgedSlot | undefined;
  /** About the release named, which was the last one seen; undefined until one is known. */
  readonly basis: (BlameBasis & { readonly releaseId: string }) | undefined;
}

interface Remembered {
  readonly samples: readonly Sample[];
  readonly judged: readonly JudgedSlot[];
  readonly series: ReadonlyMap<string, BlameMemory>;
}

interface Fold {
  readonly trigger: MetricTrigger;
  readonly intervalMs: number;
  /** How many slots are remembered. */
  readonly keep: number;
  readonly nextBasis: (memory: BlameMemory, added: readonly JudgedSlot[]) => BlameMemory["basis"];
}

export interface SeriesFolded {
  readonly series: ReadonlyMap<string, BlameMemory>;
  /** What each added slot says of its time, all series together. */
  readonly judged: readonly JudgedSlot[];
}

/** Most samples that the memory of one trigger may hold, and most series that it may have. */
const MOST_SAMPLES = 500_000;
const MOST_SERIES = 1_000;

/**
 * Slots as they are remembered, `keep` of them. Names are those of `known` where they are the same, for every answer
 * brings its own copies. Slots with more series than there is room for are unknown.
 */
export function withinRoom(
  slots: readonly Sample[],
  keep: number,
  known: ReadonlyMap<string, unknown>,
): readonly Sample[] {
  const most = Math.min(MOST_SERIES, Math.floor(MOST_SAMPLES / keep));
  const names = new Map([...known.keys()].map((name) => [name, name]));
  return slots.map((slot): Sample => {
    const { at, series } = slot;
    if (series === undefined) return slot;
    if (series.length > most) {
      const detail = `${series.length} series, and \`aggregate: each\` takes at most ${most} with this \`for\`; aggregate them in PromQL`;
      return { at, unknown: "many-series", detail };
    }
    for (const { name } of series) if (!names.has(name)) names.set(name, name);
    return { ...slot, series: series.map(({ name, sample }) => ({ name: names.get(name) ?? name, sample })) };
  });
}

/** Judges each series by itself. Many slots at once give what slot after slot would have given. */
export function foldSeries(before: Remembered, added: readonly Sample[], fold: Fold): SeriesFolded {
  const { trigger, intervalMs } = fold;
  const slotsOf = slotsBySeries(added);
  const names = new Set([
    ...before.series.keys(),
    ...added.flatMap(({ series = [] }) => series.map(({ name }) => name)),
  ]);
  const blank = before.judged.map(({ at }) => ({ at, verdict: "unknown", firing: false }) as const);
  const firing = new Set<number>();
  const series = new Map<string, BlameMemory>();
  for (const name of names) {
    const memory = before.series.get(name) ?? { judged: blank, lastForgotten: undefined, basis: undefined };
    const newest = judgeMetric(trigger, intervalMs, memory.judged, slotsOf(name));
    for (const [index, slot] of newest.entries()) if (slot.firing) firing.add(index);
    const next = nextMemory(memory, newest, fold);
    if (next !== undefined) series.set(name, next);
  }
  const slots = before.samples.concat(added);
  const judged = added.map(({ at }, index) => {
    const verdict = verdictAt(slots, before.samples.length + index, fold);
    return { at, verdict, firing: firing.has(index) };
  });
  return { series, judged };
}

function verdictAt(
  slots: readonly Sample[],
  index: number,
  { trigger, intervalMs }: Fold,
): JudgedSlot["verdict"] {
  const slot = slots[index];
  const verdict = slot === undefined ? "unknown" : verdictOf(trigger.threshold, slot);
  if (verdict !== "healthy") return verdict;
  return breachingAway(trigger, intervalMs, slots, index).length > 0 ? "unknown" : verdict;
}

/** A series of which no remembered slot is known is forgotten; one that comes back after that begins anew. */
function nextMemory(
  before: BlameMemory,
  newest: readonly JudgedSlot[],
  { keep, nextBasis }: Fold,
): BlameMemory | undefined {
  const all = before.judged.concat(newest);
  const known = all.flatMap(({ verdict }, index) => (verdict === "unknown" ? [] : [index]));
  const last = known.at(-1);
  if (last === undefined || all.length - last > keep) return undefined;
  const anew = known.findLast((index, at) => at > 0 && index - (known[at - 1] ?? 0) > keep);
  const memory =
    anew === undefined
      ? before
      : { judged: all.slice(anew - keep, anew), lastForgotten: undefined, basis: undefined };
  const own = anew === undefined ? newest : all.slice(anew);
  const forgotten = all.slice(anew ?? 0, Math.max(anew ?? 0, all.length - keep)).findLast(isKnown);
  return {
    judged: all.slice(-keep),
    lastForgotten: forgotten ?? memory.lastForgotten,
    basis: nextBasis(memory, own),
  };
}

function isKnown({ verdict }: JudgedSlot): boolean {
  return verdict !== "unknown";
}
