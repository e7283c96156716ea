import type { SyntaxNode } from "@lezer/common";
import { functionName, operandsOf } from "./promql-tree.ts";
import { operatorOf } from "./promql-types.ts";

/** Numbers that an expression can give where it gives any: from `lo` to `hi`, both included unless `open`. */
export interface Values {
  readonly lo: number;
  readonly hi: number;
  readonly loOpen?: boolean;
  readonly hiOpen?: boolean;
  /** One number in between that it never gives. */
  readonly not?: number;
}

const ANY: Values = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY };
const NOT_NEGATIVE: Values = { lo: 0, hi: Number.POSITIVE_INFINITY };
const COUNT: Values = { lo: 1, hi: Number.POSITIVE_INFINITY };

const point = (value: number): Values => ({ lo: value, hi: value });

/** True where no number is left, so that the expression never gives anything. */
export function isNone({ lo, hi, loOpen, hiOpen, not }: Values): boolean {
  return lo > hi || (lo === hi && (loOpen === true || hiOpen === true || not === lo));
}

export function holds(values: Values, value: number): boolean {
  const { lo, hi, loOpen, hiOpen, not } = values;
  return (loOpen ? value > lo : value >= lo) && (hiOpen ? value < hi : value <= hi) && not !== value;
}

export type Comparison = "Eql" | "Neq" | "Gtr" | "Lss" | "Gte" | "Lte";

/** Those of `values` for which `value OPERATOR limit` is true. */
export function passing(values: Values, operator: Comparison, limit: number): Values {
  switch (operator) {
    case "Eql":
      return both(values, point(limit));
    case "Neq":
      return { ...values, not: limit };
    case "Gtr":
      return both(values, { lo: limit, hi: ANY.hi, loOpen: true });
    case "Gte":
      return both(values, { lo: limit, hi: ANY.hi });
    case "Lss":
      return both(values, { lo: ANY.lo, hi: limit, hiOpen: true });
    case "Lte":
      return both(values, { lo: ANY.lo, hi: limit });
  }
}

function both(a: Values, b: Values): Values {
  const [low, high] = [a.lo > b.lo ? a : b, a.hi < b.hi ? a : b];
  const not = a.not ?? b.not;
  return {
    lo: low.lo,
    hi: high.hi,
    loOpen: a.lo === b.lo ? a.loOpen === true || b.loOpen === true : low.loOpen === true,
    hiOpen: a.hi === b.hi ? a.hiOpen === true || b.hiOpen === true : high.hiOpen === true,
    ...(not !== undefined && { not }),
  };
}

function either(a: Values, b: Values): Values {
  if (isNone(a)) return b;
  if (isNone(b)) return a;
  return {
    lo: Math.min(a.lo, b.lo),
    hi: Math.max(a.hi, b.hi),
    loOpen: !holds(a, Math.min(a.lo, b.lo)) && !holds(b, Math.min(a.lo, b.lo)),
    hiOpen: !holds(a, Math.max(a.hi, b.hi)) && !holds(b, Math.max(a.hi, b.hi)),
  };
}

const FLIPPED = { Eql: "Eql", Neq: "Neq", Gtr: "Lss", Lss: "Gtr", Gte: "Lte", Lte: "Gte" } as const;

export function isComparison(operator: string): operator is Comparison {
  return Object.hasOwn(FLIPPED, operator);
}

/** A plain number, also with a sign or in brackets. */
export function numberIn(node: SyntaxNode | undefined, expr: string): number | undefined {
  if (node === undefined) return undefined;
  const [inner] = operandsOf(node);
  if (node.name === "NumberDurationLiteral") {
    const value = Number(expr.slice(node.from, node.to));
    return Number.isFinite(value) ? value : undefined;
  }
  if (node.name === "ParenExpr") return numberIn(inner, expr);
  if (node.name !== "UnaryExpr") return undefined;
  const value = numberIn(inner, expr);
  return value !== undefined && expr[node.from] === "-" ? 0 - value : value;
}

export interface ComparedWith {
  readonly operator: Comparison;
  /** The side whose value comes out. */
  readonly vector: SyntaxNode;
  readonly limit: number;
}

/** `vector OPERATOR number`, in whatever order it is written; undefined for other comparisons. */
export function comparedWith(node: SyntaxNode, expr: string): ComparedWith | undefined {
  const [left, right] = operandsOf(node);
  const operator = operatorOf(node);
  if (node.name !== "BinaryExpr" || !left || !right || !isComparison(operator)) return undefined;
  const [first, second] = [numberIn(left, expr), numberIn(right, expr)];
  if (second !== undefined && first === undefined) return { operator, vector: left, limit: second };
  if (first === undefined || second !== undefined) return undefined;
  return { operator: FLIPPED[operator], vector: right, limit: first };
}

/** What an expression that parses can give; wider than the truth where its text does not tell. */
export function valuesOf(node: SyntaxNode, expr: string): Values {
  const [first, second] = operandsOf(node);
  switch (node.name) {
    case "NumberDurationLiteral":
      return point(numberIn(node, expr) ?? Number.NaN);
    case "ParenExpr":
    case "OffsetExpr":
    case "SubqueryExpr":
      return first === undefined ? ANY : valuesOf(first, expr);
    case "UnaryExpr":
      return first !== undefined && expr[node.from] === "-" ? scaled(valuesOf(first, expr), -1) : ANY;
    case "BinaryExpr":
      return first === undefined || second === undefined ? ANY : ofBinary(node, [first, second], expr);
    case "FunctionCall":
    case "AggregateExpr":
      return ofCall(functionName(node, expr), operandsOf(node), expr);
    default:
      return ANY;
  }
}

function ofBinary(node: SyntaxNode, [left, right]: readonly [SyntaxNode, SyntaxNode], expr: string): Values {
  const operator = operatorOf(node);
  if (isComparison(operator)) {
    if (node.getChild("BoolModifier") !== null) return { lo: 0, hi: 1 };
    const compared = comparedWith(node, expr);
    if (compared === undefined) return valuesOf(left, expr);
    return passing(valuesOf(compared.vector, expr), compared.operator, compared.limit);
  }
  const [a, b] = [valuesOf(left, expr), valuesOf(right, expr)];
  switch (operator) {
    case "Or":
      return either(a, b);
    case "And":
      return textOf(left, expr) === comparedText(right, expr) ? both(a, b) : a;
    case "Unless":
      return a;
    default:
      return arithmetic(operator, a, b);
  }
}

/** `x` of `x == 0`. */
function comparedText(node: SyntaxNode, expr: string): string | undefined {
  const inner = node.name === "ParenExpr" ? operandsOf(node)[0] : node;
  const compared = inner && comparedWith(inner, expr);
  return compared && textOf(compared.vector, expr);
}

function textOf(node: SyntaxNode, expr: string): string {
  return expr.slice(node.from, node.to).replaceAll(/\s+/g, "");
}

function arithmetic(operator: string, a: Values, b: Values): Values {
  const [value, other] = b.lo === b.hi ? [b.lo, a] : [a.lo === a.hi ? a.lo : undefined, b];
  if (value === undefined || !Number.isFinite(value)) return ANY;
  const isRight = b.lo === b.hi;
  switch (operator) {
    case "Add":
      return shifted(other, value);
    case "Sub":
      return isRight ? shifted(other, -value) : shifted(scaled(other, -1), value);
    case "Mul":
      return scaled(other, value);
    case "Div":
      return isRight && value !== 0 ? scaled(other, 1 / value) : ANY;
    default:
      return ANY;
  }
}

function shifted(values: Values, by: number): Values {
  const { lo, hi, not } = values;
  return { ...values, lo: lo + by, hi: hi + by, ...(not !== undefined && { not: not + by }) };
}

function scaled({ lo, hi, loOpen = false, hiOpen = false, not }: Values, by: number): Values {
  if (by === 0) return point(0);
  const hole = not === undefined ? {} : { not: not * by };
  return by > 0
    ? { lo: lo * by, hi: hi * by, loOpen, hiOpen, ...hole }
    : { lo: hi * by, hi: lo * by, loOpen: hiOpen, hiOpen: loOpen, ...hole };
}

const KEEPS = new Set(
  [
    "max min topk bottomk limitk limit_ratio sort sort_desc sort_by_label sort_by_label_desc label_replace label_join",
    "max_over_time min_over_time last_over_time first_over_time vector",
  ].flatMap((names) => names.split(" ")),
);
const BETWEEN = new Set(["avg", "quantile", "avg_over_time", "quantile_over_time"]);
const SUMS = new Set(["sum", "sum_over_time"]);
const COUNTS = new Set(["count", "count_values", "count_over_time"]);
const ONES = new Set(["absent", "absent_over_time", "present_over_time", "group"]);
const NEVER_NEGATIVE = new Set("rate irate increase changes resets abs sqrt stddev stdvar".split(" "));

function ofCall(name: string, operands: readonly SyntaxNode[], expr: string): Values {
  if (ONES.has(name)) return point(1);
  if (COUNTS.has(name)) return COUNT;
  if (NEVER_NEGATIVE.has(name)) return NOT_NEGATIVE;
  const inner = operands.findLast(({ name: kind }) => kind !== "StringLiteral");
  const measured = name.startsWith("label_") ? operands[0] : inner;
  if (measured === undefined) return ANY;
  const values = valuesOf(measured, expr);
  if (KEEPS.has(name)) return values;
  const { not: _not, ...filled } = values;
  if (BETWEEN.has(name)) return filled;
  return SUMS.has(name) ? summed(filled) : ANY;
}

/** Of one number or more. */
function summed(values: Values): Values {
  if (values.lo >= 0) return { ...values, hi: values.hi === 0 ? 0 : ANY.hi };
  return values.hi <= 0 ? { ...values, lo: ANY.lo } : ANY;
}
