import type { Answer, InstantSeries } from "../signals/query.ts";

/** Why a trigger is held back by an `unless`: it says so, or what it says is not known. */
export interface Veto {
  readonly expr: string;
  /** What was returned; absent where that is not known. */
  readonly value?: number;
  /** A sentence with the expression and what came of it. */
  readonly detail: string;
}

/** What the result of an `unless` means: undefined for nothing and for 0, which let the trigger act. */
export function vetoOf(expr: string, answer: Answer<InstantSeries>): Veto | undefined {
  if (!answer.ok)
    return unclear(expr, `${answer.endpoint} gave no usable answer (${answer.reason}: ${answer.detail})`);
  const objection = answer.series.find(({ value }) => value !== 0 && !Number.isNaN(value));
  if (objection !== undefined) {
    const { value, labels } = objection;
    return { expr, value, detail: `its unless is ${value} now: ${expr}${labelText(labels)}` };
  }
  return answer.series.length > 0 && answer.series.some(({ value }) => Number.isNaN(value))
    ? unclear(expr, "its result is NaN")
    : undefined;
}

/** A veto in force goes before one that is only not excluded: nobody has to be called for it. */
export function foremost(vetoes: readonly Veto[]): Veto | undefined {
  return vetoes.find(({ value }) => value !== undefined) ?? vetoes[0];
}

function unclear(expr: string, why: string): Veto {
  return { expr, detail: `whether its unless vetoes this is not known, for ${why}: ${expr}` };
}

function labelText(labels: InstantSeries["labels"]): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : ` (for ${pairs.join(", ")})`;
}
