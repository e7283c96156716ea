import { formatInstant } from "../text/format.ts";

/** A person's wish that automation keeps its hands off; they themselves may still act. */
export interface Freeze {
  readonly by: string;
  /** Epoch ms. */
  readonly at: number;
  /** When it ends by itself, epoch ms; undefined where somebody has to resume. */
  readonly untilMs: number | undefined;
  readonly note: string | undefined;
}

export function isOver({ untilMs }: Freeze, at: number): boolean {
  return untilMs !== undefined && untilMs <= at;
}

/** The gate of a policy that is frozen at `at`; undefined when it is not. */
export function frozenGate(freeze: Freeze | undefined, at: number): string | undefined {
  if (freeze === undefined || isOver(freeze, at)) return undefined;
  const until = freeze.untilMs === undefined ? "somebody resumes it" : formatInstant(freeze.untilMs);
  const why = freeze.note === undefined ? "" : `: ${freeze.note}`;
  return `${freeze.by} froze it at ${formatInstant(freeze.at)} until ${until}${why}`;
}
