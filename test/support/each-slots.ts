import { reduceExpr } from "../../src/signals/reduce.ts";
import type { Sample } from "../../src/signals/sample.ts";
import { INTERVAL, metricTrigger, TEN } from "./model.ts";

const VALUES: Readonly<Record<string, number>> = { "!": 0.112, ".": 0.01, "?": Number.NaN };

/**
 * Slots of several series by pod, one picture each: `!` breaching, `.` healthy, `?` not a number, `-` not in the answer,
 * `#` in any of them: no answer at all.
 */
export function eachSlots(
  pictures: Readonly<Record<string, string>>,
  from: number = TEN,
  intervalMs: number = INTERVAL,
): readonly Sample[] {
  const marks = Object.entries(pictures).map(([pod, picture]) => ({
    labels: { pod },
    marks: [...picture.replaceAll(" ", "")],
  }));
  const length = Math.max(0, ...marks.map((each) => each.marks.length));
  const rule = metricTrigger({ aggregate: "each" });
  return Array.from({ length }, (_, index): Sample => {
    const at = from + index * intervalMs;
    if (marks.some((each) => each.marks[index] === "#")) return { at, unknown: "unreachable" };
    const readings = marks.flatMap((each) => {
      const value = VALUES[each.marks[index] ?? "-"];
      return value === undefined ? [] : [{ labels: each.labels, value }];
    });
    return reduceExpr(rule, at, readings);
  });
}
