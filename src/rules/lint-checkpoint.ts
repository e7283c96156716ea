import { fillSpan } from "./build-checkpoints.ts";
import type { Complain } from "./complain.ts";
import type { Path } from "./document.ts";
import { lintCompared, lintParts, lintSide, type Sides } from "./lint-empty.ts";
import { writtenAt } from "./lint-measure.ts";
import { lintRateOfSum } from "./lint-range.ts";
import { lintProbe, lintQuery, wrongUnit } from "./lint-trigger.ts";
import { readPromql } from "./promql.ts";
import type { WrittenCheck, WrittenPolicy } from "./schema.ts";
import { durationMs, parseThreshold } from "./units.ts";
import { listAt, type Validation } from "./validate.ts";

export function lintCheckpoints(
  policyPath: Path,
  policy: Partial<WrittenPolicy>,
  { isBroken }: Validation,
  complain: Complain,
): void {
  const seen = new Set<number>();
  for (const [index, item] of listAt(policy, "checkpoints").entries()) {
    const path = [...policyPath, "checkpoints", index];
    if (isBroken(path)) continue;
    const { at, checks } = item as WrittenPolicy["checkpoints"][number];
    lintInstant([...path, "at"], at, { watch: policy.watch, seen }, complain);
    lintCheckNames(path, checks, complain);
    for (const [number, check] of checks.entries())
      lintCheck([...path, "checks", number], check, at, complain);
  }
}

function lintInstant(
  path: Path,
  at: string,
  { watch, seen }: { readonly watch: string | undefined; readonly seen: Set<number> },
  complain: Complain,
): void {
  const atMs = durationMs(at);
  if (seen.has(atMs)) {
    complain(path, "duplicate-name", `There is already a checkpoint at ${at}. Put the checks together.`);
  }
  seen.add(atMs);
  if (typeof watch === "string" && atMs > durationMs(watch)) {
    complain(
      path,
      "window",
      `The release is followed for ${watch}, so a checkpoint at ${at} would never be made. Raise \`watch\`.`,
    );
  }
}

function lintCheckNames(path: Path, checks: readonly WrittenCheck[], complain: Complain): void {
  const seen = new Set<string>();
  for (const [index, { name }] of checks.entries()) {
    if (seen.has(name)) {
      complain(
        [...path, "checks", index, "name"],
        "duplicate-name",
        `This checkpoint has two checks \`${name}\`; its report tells them apart by name. Rename one.`,
      );
    }
    seen.add(name);
  }
}

function lintCheck(path: Path, check: WrittenCheck, at: string, complain: Complain): void {
  if (check.probe !== undefined) lintProbe([...path, "probe"], check.probe, complain);
  if (check.expr === undefined && check.ratio === undefined) {
    for (const key of ["must", "versusBefore"] as const) {
      if (check[key] !== undefined) {
        const message = `\`${key}\` compares a number, and this check has none. Leave it out.`;
        complain.key([...path, key], "misplaced-key", message);
      }
    }
    return;
  }
  if (check.must === undefined && check.versusBefore === undefined) {
    const message =
      "This check needs what must hold: `must`, such as `must: {below: 0.1%}`, or `versusBefore`.";
    complain(path, "missing-key", message);
  }
  lintSpans(path, check, at, complain);
  lintCriterion(path, check, at, complain);
}

function lintSpans(path: Path, check: WrittenCheck, at: string, complain: Complain): void {
  const queries = [
    [[...path, "expr"], check.expr],
    [[...path, "ratio", "errors"], check.ratio?.errors],
    [[...path, "ratio", "total"], check.ratio?.total],
  ] as const;
  for (const [where, expr] of queries) {
    if (expr === undefined) continue;
    if (expr.includes("$span") && durationMs(at) === 0) {
      const message =
        "At 0s no time has passed since the release, so `$span` is empty. Use a range such as `5m`.";
      complain(where, "window", message);
      continue;
    }
    lintQuery(where, fillSpan(expr, at), complain);
    const side = where.at(-1) === "expr" ? undefined : where.at(-1) === "total" ? "total" : "errors";
    for (const written of writtenAt(where, fillSpan(expr, at))) {
      lintRateOfSum(written, complain);
      lintParts(written, { any: side === "errors" }, complain);
      if (side === undefined) lintCompared(written, sidesOf(check), complain);
      else lintSide(written, side, complain);
    }
  }
}

const OPPOSITE = {
  above: ["Gtr", "Lte"],
  below: ["Lss", "Gte"],
  atLeast: ["Gte", "Lss"],
  atMost: ["Lte", "Gtr"],
} as const;

function sidesOf({ must = {} }: WrittenCheck): Sides | undefined {
  for (const key of ["above", "below", "atLeast", "atMost"] as const) {
    const written = must[key];
    if (written === undefined) continue;
    const [good, bad] = OPPOSITE[key];
    const limit = parseThreshold(written).value;
    return { good, bad, limit, text: `${key}: ${written}`, use: "check" };
  }
  return undefined;
}

function lintCriterion(
  path: Path,
  { must = {}, versusBefore = {}, ratio, expr }: WrittenCheck,
  at: string,
  complain: Complain,
): void {
  const limits = [
    ...Object.entries(must).map(([key, written]) => ["must", key, written] as const),
    ...Object.entries(versusBefore).map(([key, written]) => ["versusBefore", key, written] as const),
  ];
  for (const [under, key, written] of limits) {
    const { value, unit } = parseThreshold(written);
    const wrong =
      ratio === undefined
        ? wrongUnit(readPromql(fillSpan(expr ?? "", at)).unit, { value, unit, written, key })
        : unit === "duration"
          ? `A ratio is a share, so \`${key}: ${written}\` cannot be met. Write one such as \`0.1%\`.`
          : undefined;
    if (wrong !== undefined) complain([...path, under, key], "units", wrong);
  }
}
