import type { Complain } from "./complain.ts";
import type { Path } from "./document.ts";
import { lintCompared, lintParts, lintSide, type Sides, type Written } from "./lint-empty.ts";
import { lintRateOfSum, longestRange } from "./lint-range.ts";
import { treeOf } from "./promql.ts";
import type { WrittenTrigger } from "./schema.ts";
import { durationMs, parseThreshold } from "./units.ts";

/** What can be known of a trigger's queries from their text: results that hide something, and bursts that fill a window. */
export function lintMeasures(path: Path, trigger: WrittenTrigger, complain: Complain): void {
  const { ratio, expr } = trigger;
  if (ratio === undefined) {
    for (const written of writtenAt([...path, "expr"], expr)) {
      lintCompared(written, sidesOf(trigger), complain);
      lintParts(written, { any: false }, complain);
      lintRateOfSum(written, complain);
      lintBursts([written], trigger.for, complain);
    }
    return;
  }
  for (const side of ["errors", "total"] as const) {
    for (const written of writtenAt([...path, "ratio", side], ratio[side])) {
      lintSide(written, side, complain);
      lintParts(written, { any: side === "errors" }, complain);
      lintRateOfSum(written, complain);
    }
  }
  const sides = (["errors", "total"] as const).flatMap((side) =>
    writtenAt([...path, "ratio", side], ratio[side]),
  );
  lintBursts(sides, trigger.for, complain);
}

/** None for an expression that cannot be evaluated. */
export function writtenAt(path: Path, expr: string | undefined): readonly Written[] {
  const top = expr === undefined ? undefined : treeOf(expr);
  return expr === undefined || top === undefined ? [] : [{ path, expr, top }];
}

function sidesOf({ above, below }: WrittenTrigger): Sides | undefined {
  const written = above ?? below;
  if (written === undefined || (above !== undefined && below !== undefined)) return undefined;
  const limit = parseThreshold(written).value;
  return above === undefined
    ? { good: "Gte", bad: "Lss", limit, text: `below: ${written}`, use: "trigger" }
    : { good: "Lte", bad: "Gtr", limit, text: `above: ${written}`, use: "trigger" };
}

/** Told once, for the side with the longest range. */
function lintBursts(queries: readonly Written[], forText: string | undefined, complain: Complain): void {
  const forMs = durationMs(forText ?? "0s");
  const [longest] = queries
    .flatMap(({ path, expr, top }) => {
      const range = longestRange(top, rangeMs, expr);
      return range === undefined ? [] : [{ path, ...range }];
    })
    .toSorted((a, b) => b.ms - a.ms);
  if (forText === undefined || longest === undefined || !(forMs > 0) || longest.ms < forMs) return;
  complain(
    longest.path,
    "window",
    `A range of ${longest.text} is not shorter than \`for: ${forText}\`: one burst stays in the value for ` +
      `${longest.text} and can fill the whole window. Use a shorter range, or a longer \`for\`.`,
    "warning",
  );
}

/** A range may also be a plain number of seconds. */
function rangeMs(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : durationMs(text);
}
