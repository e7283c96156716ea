import type { SyntaxNode } from "@lezer/common";
import { childrenOf, functionName, metricName, operandsOf, parsePromql } from "./promql-tree.ts";
import { durationMs } from "./units.ts";

/** A selector without a range: an old sample of it is taken for a present one, up to Prometheus's lookback. */
export interface AgingSelector {
  /** As written. */
  readonly text: string;
  /** PromQL for the instant of its newest sample, in seconds. */
  readonly newest: string;
  /** How much older than the evaluation instant its samples may be by the expression's own will. */
  readonly meantMs: number;
}

interface Context {
  readonly offsetMs: number;
  /** Of the subqueries around it. */
  readonly rangeMs: number;
}

/**
 * The selectors whose age decides whether the expression's result is about now. Not those with a range, which bounds
 * the age; those with `@`; the right side of `or`, which only fills in; and what `timestamp` measures the age of.
 */
export function agingSelectors(expr: string): readonly AgingSelector[] {
  const found = operandsOf(parsePromql(expr).topNode).flatMap((top) =>
    agingIn(top, expr, { offsetMs: 0, rangeMs: 0 }),
  );
  return [...new Map(found.map((selector) => [`${selector.newest} ${selector.meantMs}`, selector])).values()];
}

function agingIn(node: SyntaxNode, expr: string, context: Context): readonly AgingSelector[] {
  if (node.name === "VectorSelector") return [agingSelector(expr.slice(node.from, node.to), context)];
  const operands = operandsOf(node);
  const [first] = operands;
  if (first === undefined || node.name === "MatrixSelector" || measuresAge(node, first, expr)) return [];
  switch (node.name) {
    case "StepInvariantExpr":
      return leftOfSuffix(first).flatMap((side) => agingIn(side, expr, context));
    case "OffsetExpr":
      return withOffset(first, durationIn(node, "OffsetDurationExpr", expr), expr, context);
    case "SubqueryExpr": {
      const rangeMs = context.rangeMs + durationIn(node, "DurationExpr", expr);
      return agingIn(first, expr, { ...context, rangeMs });
    }
    default:
      return (isOr(node) ? [first] : operands).flatMap((operand) => agingIn(operand, expr, context));
  }
}

/** `timestamp(x)`: the age is what the expression is about. */
function measuresAge(node: SyntaxNode, operand: SyntaxNode, expr: string): boolean {
  return functionName(node, expr) === "timestamp" && inner(operand).name === "VectorSelector";
}

function isOr(node: SyntaxNode): boolean {
  return node.name === "BinaryExpr" && node.getChild("Or") !== null;
}

/**
 * The parser gives a suffix (`offset`, `@`) to the whole of `a / b offset 5m`, where it belongs to `b` alone:
 * what is left of that.
 */
function leftOfSuffix(node: SyntaxNode): readonly SyntaxNode[] {
  if (node.name !== "BinaryExpr") return [];
  const [left, right] = operandsOf(node);
  return [left ?? [], right === undefined ? [] : leftOfSuffix(right)].flat();
}

function withOffset(
  node: SyntaxNode,
  offsetMs: number,
  expr: string,
  context: Context,
): readonly AgingSelector[] {
  if (node.name !== "BinaryExpr") {
    return agingIn(node, expr, { ...context, offsetMs: context.offsetMs + offsetMs });
  }
  const [left, right] = operandsOf(node);
  const ofLeft = left === undefined ? [] : agingIn(left, expr, context);
  if (isOr(node) || right === undefined) return ofLeft;
  return [...ofLeft, ...withOffset(right, offsetMs, expr, context)];
}

function agingSelector(text: string, { offsetMs, rangeMs }: Context): AgingSelector {
  const moved = offsetMs === 0 ? text : `${text} offset ${offsetMs}ms`;
  return { text, newest: `max(timestamp(${moved}))`, meantMs: offsetMs + rangeMs };
}

function inner(node: SyntaxNode): SyntaxNode {
  const [only] = operandsOf(node);
  return node.name === "ParenExpr" && only !== undefined ? inner(only) : node;
}

/** Zero where it is no plain duration. */
function durationIn(node: SyntaxNode, name: string, expr: string): number {
  const child = node.getChild(name);
  if (child === null) return 0;
  const text = expr.slice(child.from, child.to).replace(/\s+/g, "");
  return (/^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : durationMs(text)) || 0;
}

/** The one selector that an expression counts. */
export interface CountedSelector {
  /** Of every series that could have been counted: the metric's name, and each label that the selector needs. */
  readonly kin: string;
  readonly metric: string;
  /** The labels that a series must have, whatever their value. */
  readonly labels: readonly string[];
}

const RATES = new Set(["rate", "increase", "irate"]);

/**
 * The selector of an expression that is nothing but one, with or without `rate`, `increase` or `irate`, under any
 * aggregations; undefined for every other shape.
 */
export function countedSelector(expr: string): CountedSelector | undefined {
  let node = operandsOf(parsePromql(expr).topNode)[0];
  let isRate = false;
  while (node !== undefined && node.name !== "VectorSelector") {
    const isCall: boolean = node.name === "FunctionCall" && !isRate && RATES.has(functionName(node, expr));
    const isAggregate = node.name === "AggregateExpr" && !isRate;
    const isCover = node.name === "ParenExpr" || node.name === "OffsetExpr" || node.name === "MatrixSelector";
    if (!isCall && !isAggregate && !isCover) return undefined;
    isRate ||= isCall;
    node = operandsOf(node).at(-1);
  }
  return node === undefined ? undefined : kinOf(node, expr);
}

interface Matcher {
  readonly label: string;
  readonly text: string;
  readonly needsLabel: boolean;
}

function kinOf(selector: SyntaxNode, expr: string): CountedSelector {
  const matchers = childrenOf(selector)
    .flatMap(childrenOf)
    .flatMap((node) => matcherOf(node, expr));
  const names = matchers.filter(({ label }) => label === "__name__").map(({ text }) => text);
  const labels = [
    ...new Set(matchers.filter(({ needsLabel }) => needsLabel).map(({ label }) => label)),
  ].filter((label) => label !== "__name__");
  const named = selector.getChild("Identifier");
  const metric = named === null ? "" : expr.slice(named.from, named.to);
  const inside = [...names, ...labels.map((label) => `${spelled(label)}!=""`)].join(",");
  return { kin: `${metric}{${inside}}`, metric: metricName(selector, expr), labels };
}

function matcherOf(node: SyntaxNode, expr: string): readonly Matcher[] {
  const textOf = (part: SyntaxNode): string => expr.slice(part.from, part.to);
  if (node.name === "QuotedLabelName") return [{ label: "__name__", text: textOf(node), needsLabel: true }];
  const quoted = node.getChild("QuotedLabelName");
  const name = node.getChild("LabelName") ?? quoted;
  const operator = node.getChild("MatchOp");
  const value = node.getChild("StringLiteral");
  if (name === null || operator === null || value === null) return [];
  const label = quoted === null ? textOf(name) : unquoted(textOf(quoted));
  return [
    { label, text: textOf(node), needsLabel: !acceptsEmpty(textOf(operator), unquoted(textOf(value))) },
  ];
}

/** A series without the label matches as if its value were empty. */
function acceptsEmpty(operator: string, value: string): boolean {
  switch (operator) {
    case "=":
      return value === "";
    case "!=":
      return value !== "";
    case "=~":
      return matchesEmpty(value);
    default:
      return !matchesEmpty(value);
  }
}

/** False for what only Prometheus can read: such a matcher then asks for the label, which is the careful side. */
function matchesEmpty(pattern: string): boolean {
  const flags = /^\(\?([a-z]+)\)/.exec(pattern)?.[0] ?? "";
  try {
    return new RegExp(`^(?:${pattern.slice(flags.length)})$`, "u").test("");
  } catch {
    return false;
  }
}

function unquoted(text: string): string {
  const body = text.slice(1, -1);
  return text.startsWith("`") ? body : body.replace(/\\(.)/gu, "$1");
}

function spelled(label: string): string {
  return /^[a-zA-Z_]\w*$/u.test(label) ? label : JSON.stringify(label);
}
