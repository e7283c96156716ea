import type { Answer, InstantQuery, InstantSeries, RangeQuery, RangeSeries } from "./query.ts";
import type { Grid } from "./range-chunks.ts";

/** How far before a slot its past is looked at. */
const PAST_MS = 3_600_000;

type Failed = Extract<Answer<never>, { ok: false }>;

/** What an expression of one series gave at slots and in the hour before them; undefined where it gave nothing. */
export type History =
  | { readonly ok: true; readonly at: (slot: number) => number | undefined; readonly endpoint: string }
  | Failed;

export interface SlotHistories {
  /**
   * Of the hour that ends at `at`, from memory but for the newest slot; asked once for each `at`, whoever asks.
   * `anew`: as if nothing were remembered.
   */
  readonly until: (expr: string, at: number, anew: boolean) => Promise<History>;
  /** Of a grid, asked as a whole. */
  readonly over: (expr: string, grid: Grid) => Promise<History>;
}

interface Remembered {
  readonly endpoint: string;
  readonly to: number;
  readonly values: Map<number, number>;
}

/**
 * Remembers what expressions gave slot by slot, so that a pass asks for one slot and not for an hour. All that is
 * remembered of an expression is the word of one endpoint. It can be thrown away at any time.
 */
export function createSlotHistories(
  source: { readonly instant: InstantQuery; readonly range: RangeQuery },
  intervalMs: number,
): SlotHistories {
  const remembered = new Map<string, Remembered>();
  const asked = new Map<string, { readonly at: number; readonly answer: Promise<History> }>();

  const over = async (expr: string, { from, to, stepMs }: Grid): Promise<History> => {
    const first = from - pastSlots(stepMs) * stepMs;
    const answer = await source.range(expr, { from: first, to, stepMs });
    if (!answer.ok) return answer;
    const values = valuesOf(answer.series);
    if (stepMs === intervalMs) remembered.set(expr, { endpoint: answer.endpoint, to, values });
    return historyOf(values, answer.endpoint);
  };

  const until = async (expr: string, at: number, anew: boolean): Promise<History> => {
    const before = remembered.get(expr);
    const whole = { from: at, to: at, stepMs: intervalMs };
    if (anew || before?.to !== at - intervalMs) return over(expr, whole);
    const answer = await source.instant(expr, at);
    if (!answer.ok) return answer;
    if (answer.endpoint !== before.endpoint) return over(expr, whole);
    const values = kept(before.values, at - PAST_MS);
    const newest = newestOf(answer.series);
    if (newest !== undefined) values.set(at, newest);
    remembered.set(expr, { endpoint: answer.endpoint, to: at, values });
    return historyOf(values, answer.endpoint);
  };

  return {
    over,
    until: (expr, at, anew) => {
      const before = asked.get(expr);
      if (!anew && before?.at === at) return before.answer;
      const answer = until(expr, at, anew);
      asked.set(expr, { at, answer });
      return answer;
    },
  };
}

/** Of a past, so many at most that one request brings them; fewer than that are in an hour of any policy. */
const MOST_SLOTS = 10_000;

/** How many slots lie before the last one in what is looked at of the past. */
export function pastSlots(stepMs: number): number {
  return Math.min(MOST_SLOTS, Math.floor(PAST_MS / stepMs));
}

/** A copy, for others may still look at the old one. */
function kept(values: ReadonlyMap<number, number>, from: number): Map<number, number> {
  return new Map([...values].filter(([at]) => at >= from));
}

function historyOf(values: ReadonlyMap<number, number>, endpoint: string): History {
  return { ok: true, at: (slot) => values.get(slot), endpoint };
}

function valuesOf(series: readonly RangeSeries[]): Map<number, number> {
  return new Map(series.flatMap(({ points }) => points.map(({ at, value }) => [at, value] as const)));
}

function newestOf(series: readonly InstantSeries[]): number | undefined {
  return series[0]?.value;
}
