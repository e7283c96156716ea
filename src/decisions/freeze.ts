import { formatInstant } from "../text/format.ts";

/** A wish of one holder that automation rolls nothing back; people still can. */
export interface Freeze {
  /** Who asked for it and how that is known: `token:alice`. One holder has at most one freeze of a policy. */
  readonly by: string;
  /** Epoch ms. */
  readonly at: number;
  /** When it ends by itself, epoch ms; undefined where its holder has to resume. */
  readonly untilMs: number | undefined;
  readonly note: string | undefined;
}

/** The freezes of one policy. */
export interface Freezes {
  /** One a holder, also one whose end has come and is not on record yet. */
  readonly held: readonly Freeze[];
  /** The freeze on record that ended last by itself; a newer freeze or resume does not take it away. */
  readonly expired: (Pick<Freeze, "by"> & { readonly untilMs: number }) | undefined;
}

export const NO_FREEZES: Freezes = { held: [], expired: undefined };

interface Moment {
  /** Epoch ms. */
  readonly at: number;
  readonly intervalMs: number;
}

export function isOver({ untilMs }: Freeze, at: number): boolean {
  return untilMs !== undefined && untilMs <= at;
}

/** The freezes in force at `at`, the one that ends last first. */
export function standing({ held }: Freezes, at: number): readonly Freeze[] {
  return held.filter((freeze) => !isOver(freeze, at)).toSorted((a, b) => endOf(b) - endOf(a));
}

/**
 * When automation may act again, epoch ms: one whole slot after the last end, so that no decision is taken on what was
 * seen while the freeze stood. Infinity where a holder has to resume; undefined where nothing is frozen.
 */
export function frozenUntil(freezes: Freezes, { at, intervalMs }: Moment): number | undefined {
  const [last] = standing(freezes, at);
  const end = last === undefined ? lastEnd(freezes)?.untilMs : endOf(last);
  if (end === undefined) return undefined;
  const free = (Math.ceil(end / intervalMs) + 1) * intervalMs;
  return free > at ? free : undefined;
}

/** The gate of a policy that is frozen at `at`, with every holder; undefined when it is not. */
export function frozenGate(freezes: Freezes, moment: Moment): string | undefined {
  const free = frozenUntil(freezes, moment);
  if (free === undefined) return undefined;
  const holders = standing(freezes, moment.at);
  if (holders.length > 0) return holders.map(freezeSentence).join("; ");
  const { by, untilMs } = lastEnd(freezes) ?? { by: "a freeze", untilMs: free };
  return `the freeze of ${by} ended at ${formatInstant(untilMs)}, and automation waits for one whole slot until ${formatInstant(free)}`;
}

/** `token:alice until 2026-03-02 14:00:00Z`. */
function holderText({ by, untilMs }: Pick<Freeze, "by" | "untilMs">): string {
  return `${by} ${untilMs === undefined ? "without an end" : `until ${formatInstant(untilMs)}`}`;
}

/** Every holder with their end; empty where nothing is frozen. */
export function holdersText(freezes: readonly Pick<Freeze, "by" | "untilMs">[]): string {
  return freezes.map(holderText).join(", ");
}

/** The end of the freeze that ended last, on record or not. */
function lastEnd({ held, expired }: Freezes): Freezes["expired"] {
  const ends = held.flatMap(({ by, untilMs }) => (untilMs === undefined ? [] : [{ by, untilMs }]));
  return [...ends, ...(expired ? [expired] : [])].toSorted((a, b) => b.untilMs - a.untilMs)[0];
}

function endOf({ untilMs }: Freeze): number {
  return untilMs ?? Number.POSITIVE_INFINITY;
}

function freezeSentence({ by, at, untilMs, note }: Freeze): string {
  const until = untilMs === undefined ? `${by} resumes it` : formatInstant(untilMs);
  const why = note === undefined ? "" : `: ${note}`;
  return `${by} froze it at ${formatInstant(at)} until ${until}${why}`;
}
