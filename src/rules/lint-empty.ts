import type { SyntaxNode } from "@lezer/common";
import type { Complain } from "./complain.ts";
import type { Path } from "./document.ts";
import type { ProblemSeverity } from "./problem.ts";
import {
  edited,
  type Filter,
  filterIn,
  isPartOf,
  selectionsIn,
  unfiltered,
  withBool,
} from "./promql-filter.ts";
import { labelsOf } from "./promql-labels.ts";
import { functionName, operandsOf } from "./promql-tree.ts";
import { operatorOf } from "./promql-types.ts";
import {
  comparedWith,
  type Comparison,
  holds,
  isNone,
  passing,
  type Values,
  valuesOf,
} from "./promql-values.ts";

/** An expression that can be evaluated, and where it is written. */
export interface Written {
  readonly path: Path;
  readonly expr: string;
  readonly top: SyntaxNode;
}

/** What a value must be: to be healthy (or to pass), and to breach (or to fail). */
export interface Sides {
  readonly good: Comparison;
  readonly bad: Comparison;
  readonly limit: number;
  /** `above: 5%` */
  readonly text: string;
  readonly use: "trigger" | "check";
}

/** An empty result is unknown here, neither good nor bad: a comparison that hides one of the two hides it for ever. */
export function lintCompared(
  { path, expr, top }: Written,
  sides: Sides | undefined,
  complain: Complain,
): void {
  const values = valuesOf(top, expr);
  const filter = filterIn(top, expr);
  const say = sayIn(path, complain);
  if (isNone(values)) {
    say(
      filter?.node ?? top,
      "This never gives a result, whatever is measured. Leave the comparison out.",
      "error",
    );
    return;
  }
  const hidden = sides && whatIsHidden(values, sides);
  if (filter === undefined) return;
  const instead = `Write \`${unfiltered(top, filter, expr)}\`.`;
  say(
    filter.node,
    `${consequence(filter, hidden, sides, expr)} ${instead}`,
    hidden === undefined ? "warning" : "error",
  );
}

/** The side of the limit on which the expression never gives a value. */
function whatIsHidden(values: Values, { good, bad, limit }: Sides): "good" | "bad" | undefined {
  if (isNone(passing(values, good, limit))) return "good";
  return isNone(passing(values, bad, limit)) ? "bad" : undefined;
}

function consequence(
  { kind, node }: Filter,
  hidden: "good" | "bad" | undefined,
  sides: Sides | undefined,
  expr: string,
): string {
  const what = `\`${expr.slice(node.from, node.to)}\``;
  const when = kind === "absent" ? "while the series is there" : "while the comparison is false";
  const empty = `${what} gives nothing ${when}, and nothing is unknown, not healthy.`;
  if (hidden === undefined || sides === undefined) return empty;
  if (sides.use === "check") {
    return hidden === "good" ? `${empty} So this check never passes.` : `${empty} So this check never fails.`;
  }
  return hidden === "good"
    ? `${empty} So this trigger is never healthy, and a rollback that helped cannot be verified.`
    : `${empty} What is left does not breach \`${sides.text}\`, so this never fires.`;
}

/** One side of a ratio: `errors` or `total`. */
export function lintSide({ path, expr, top }: Written, side: "errors" | "total", complain: Complain): void {
  const filter = filterIn(top, expr);
  const say = sayIn(path, complain);
  if (isNone(valuesOf(top, expr))) {
    say(
      filter?.node ?? top,
      "This never gives a result, whatever is measured. Leave the comparison out.",
      "error",
    );
    return;
  }
  if (filter === undefined) return;
  const why =
    side === "total"
      ? "An empty `total` is unknown; `minTotal` is the floor for traffic."
      : "An empty `errors` here is unknown, not 0 %.";
  say(filter.node, `${why} Write \`${unfiltered(top, filter, expr)}\`.`, "warning");
}

/** `unless` vetoes by a result that is not 0. A comparison lets the value through that it compares, also where that is 0. */
export function lintVeto({ path, expr, top }: Written, complain: Complain): void {
  const branches = branchesOf(top).map((branch) => ({ branch, filter: vetoFilter(branch, expr) }));
  const never = branches.filter(({ branch }) => neverVetoes(valuesOf(branch, expr)));
  const partly = branches.filter(
    (each) =>
      !never.includes(each) && holds(valuesOf(each.branch, expr), 0) && letsZeroThrough(each.filter, expr),
  );
  const [first] = [...never, ...partly];
  if (first === undefined) return;
  const isDead = never.length === branches.length;
  const node = first.filter ?? first.branch;
  const what = never.includes(first)
    ? isNone(valuesOf(first.branch, expr))
      ? "This never gives a result, so it never vetoes."
      : "Where this gives a result, its value is 0, and 0 never vetoes."
    : "This also lets the value 0 through, and 0 never vetoes.";
  const instead = vetoInstead([...never, ...partly], top, expr);
  sayIn(path, complain)(node, `${what}${instead}`, isDead ? "error" : "warning");
}

interface Branch {
  readonly branch: SyntaxNode;
  readonly filter: SyntaxNode | undefined;
}

function neverVetoes(values: Values): boolean {
  return isNone(values) || (values.lo === 0 && values.hi === 0);
}

/** `a` and `b` of `a or b`. */
function branchesOf(node: SyntaxNode): readonly SyntaxNode[] {
  const operands = operandsOf(node);
  const isOr = node.name === "BinaryExpr" && operatorOf(node) === "Or";
  return isOr || node.name === "ParenExpr" ? operands.flatMap((each) => branchesOf(each)) : [node];
}

/** The comparison that decides, also where it stands on the right of `and`. */
function vetoFilter(branch: SyntaxNode, expr: string): SyntaxNode | undefined {
  const filter = filterIn(branch, expr);
  if (filter !== undefined) return filter.kind === "comparison" ? filter.node : undefined;
  if (branch.name !== "BinaryExpr" || operatorOf(branch) !== "And") return undefined;
  const right = operandsOf(branch)[1];
  const guard = right && filterIn(right, expr);
  return guard?.kind === "comparison" ? guard.node : undefined;
}

/** A comparison of two series lets a 0 of its left side through unless it asks for more than the right side. */
function letsZeroThrough(filter: SyntaxNode | undefined, expr: string): boolean {
  if (filter === undefined) return false;
  return comparedWith(filter, expr) !== undefined || !operatorOf(filter).startsWith("Gt");
}

function vetoInstead(found: readonly Branch[], top: SyntaxNode, expr: string): string {
  const [only] = found;
  const counted = only?.filter && countedIn(only.filter, expr);
  if (found.length === 1 && counted !== undefined && isNone(valuesOf(only?.branch ?? top, expr))) {
    return ` Write \`absent(${counted})\`.`;
  }
  const edits = found.flatMap(({ branch, filter }) => {
    if (filter === undefined) return [];
    const bool = withBool(filter, expr);
    // Where the comparison only guards, it says all that the veto needs.
    return [filterIn(branch, expr) === undefined ? { ...bool, from: branch.from, to: branch.to } : bool];
  });
  return edits.length === 0 ? "" : ` Write \`${edited(expr, edits)}\`, which is 1 while it holds and else 0.`;
}

/** `x` of `count(x) == 0`. */
function countedIn(comparison: SyntaxNode, expr: string): string | undefined {
  const vector = comparedWith(comparison, expr)?.vector;
  if (vector === undefined || functionName(vector, expr) !== "count") return undefined;
  const [counted] = operandsOf(vector);
  return counted && expr.slice(counted.from, counted.to);
}

/**
 * `all - good` and `good / all`: with no `good` left, the result is empty just when everything fails. With `any`, also
 * where the two are different metrics.
 */
export function lintParts(
  { path, expr, top }: Written,
  { any }: { readonly any: boolean },
  complain: Complain,
): void {
  const node = partIn(top, expr, any);
  const [left, right] = node === undefined ? [] : operandsOf(node);
  if (node === undefined || left === undefined || right === undefined) return;
  const [part, whole] = operatorOf(node) === "Sub" ? [right, left] : [left, right];
  const [partText, wholeText] = [part, whole].map(({ from, to }) => expr.slice(from, to));
  const zero = labelsOf(part, expr)?.size === 0 ? "vector(0)" : `${wholeText} * 0`;
  const { from, to } = part;
  const instead = edited(expr, [{ from, to, text: `(${partText} or ${zero})` }]);
  const message =
    `\`${partText}\` can be empty while \`${wholeText}\` is not. Then the result is empty, too, and the share of ` +
    `failures is not known just when all requests fail, or none. Write \`${instead}\`.`;
  sayIn(path, complain)(node, message, "warning");
}

function partIn(node: SyntaxNode, expr: string, any: boolean): SyntaxNode | undefined {
  const operands = operandsOf(node);
  const [left, right] = operands;
  if (node.name === "BinaryExpr" && left && right) {
    const operator = operatorOf(node);
    if (operator === "Or") return undefined;
    const [ofLeft, ofRight] = [selectionsIn(left, expr), selectionsIn(right, expr)];
    const [parts, wholes] = operator === "Sub" ? [ofRight, ofLeft] : [ofLeft, ofRight];
    const isPart = parts.some((part) => wholes.some((whole) => isPartOf(part, whole)));
    const isOther = any && operator === "Sub" && parts.length > 0 && wholes.length > 0;
    if ((operator === "Sub" || operator === "Div") && (isPart || isOther)) return node;
  }
  for (const operand of operands) {
    const found = partIn(operand, expr, any);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Say = (node: SyntaxNode, message: string, severity: ProblemSeverity) => void;

function sayIn(path: Path, complain: Complain): Say {
  return (node, message, severity) => {
    complain.inText(path, node.from, { rule: "promql", message, severity });
  };
}
