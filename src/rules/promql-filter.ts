import type { SyntaxNode } from "@lezer/common";
import { childrenOf, functionName, metricName, operandsOf } from "./promql-tree.ts";
import { operatorOf } from "./promql-types.ts";
import { comparedWith, isComparison } from "./promql-values.ts";

/** A part of an expression that leaves the result empty while its condition does not hold. */
export interface Filter {
  readonly kind: "comparison" | "absent";
  readonly node: SyntaxNode;
}

/** The first filter that the value of `node` goes through; the right side of `and` and `unless` is a guard, and none. */
export function filterIn(node: SyntaxNode, expr: string): Filter | undefined {
  const operands = operandsOf(node);
  if (node.name === "FunctionCall" && /^absent(_over_time)?$/.test(functionName(node, expr))) {
    return { kind: "absent", node };
  }
  if (node.name !== "BinaryExpr") return firstIn(operands, expr);
  const operator = operatorOf(node);
  if (isComparison(operator) && node.getChild("BoolModifier") === null) return { kind: "comparison", node };
  if (operator === "And" || operator === "Unless") return firstIn(operands.slice(0, 1), expr);
  if (operator !== "Or") return firstIn(operands, expr);
  const [left, right] = operands.map((operand) => filterIn(operand, expr));
  return left && right && left;
}

function firstIn(operands: readonly SyntaxNode[], expr: string): Filter | undefined {
  for (const operand of operands) {
    const found = filterIn(operand, expr);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** `expr` with parts of it replaced. */
export function edited(expr: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((a, b) => b.from - a.from)
    .reduce((text, { from, to, text: instead }) => text.slice(0, from) + instead + text.slice(to), expr)
    .trim();
}

/** `x == 0` becomes `x == bool 0`, which is 1 or 0 and never empty. */
export function withBool(comparison: SyntaxNode, expr: string): Edit {
  const { from, to } = comparison;
  const at = operandsOf(comparison)[0]?.nextSibling?.to ?? to;
  return { from, to, text: `${expr.slice(from, at)} bool${expr.slice(at, to)}` };
}

/** The expression that gives a value also while the condition of `filter` does not hold. */
export function unfiltered(top: SyntaxNode, { kind, node }: Filter, expr: string): string {
  const { from, to } = node;
  if (kind === "absent") {
    const text = `sum(${expr.slice(from, to)}) or vector(0)`;
    return edited(expr, [{ from, to, text: isWhole(top, node) ? text : `(${text})` }]);
  }
  const vector = comparedWith(node, expr)?.vector ?? operandsOf(node)[0] ?? node;
  const text = expr.slice(vector.from, vector.to);
  const around = callAround(top, node, expr);
  if (around !== undefined) return edited(expr, ofAll(around, node, { text, expr }));
  const { parent } = node;
  const mayStandAlone = parent !== null && (isWhole(top, parent) || vector.name !== "BinaryExpr");
  const place = parent?.name === "ParenExpr" && mayStandAlone ? parent : node;
  return edited(expr, [{ from: place.from, to: place.to, text }]);
}

/** What was counted, or added up, where the comparison holds: with 1 or 0 as a factor of each series. */
function ofAll(
  around: SyntaxNode,
  comparison: SyntaxNode,
  { text, expr }: { readonly text: string; readonly expr: string },
): readonly Edit[] {
  const name = functionName(around, expr);
  const bool = withBool(comparison, expr);
  if (!name.startsWith("count")) return [{ ...bool, text: `${text} * (${bool.text})` }];
  const sum = name.replace("count", "sum");
  return [{ from: around.from, to: around.from + name.length, text: sum }, bool];
}

function isWhole(top: SyntaxNode, node: SyntaxNode): boolean {
  return top.from === node.from && top.to === node.to;
}

/** The innermost call around a node that adds up or counts what is in it. */
function callAround(top: SyntaxNode, node: SyntaxNode, expr: string): SyntaxNode | undefined {
  for (let { parent } = node; parent !== null && parent.from >= top.from; { parent } = parent) {
    if (/^(sum|count)(_over_time)?$/.test(functionName(parent, expr))) return parent;
    if (isWhole(top, parent)) return undefined;
  }
  return undefined;
}

/** Metric and matchers of the selectors in `node`, but for those beside an `or`, which gives another value instead. */
export function selectionsIn(node: SyntaxNode, expr: string): readonly Selection[] {
  if (node.name === "VectorSelector")
    return [{ metric: metricName(node, expr), matchers: matchersOf(node, expr) }];
  if (node.name === "BinaryExpr" && operatorOf(node) === "Or") return [];
  return operandsOf(node).flatMap((operand) => selectionsIn(operand, expr));
}

export interface Selection {
  readonly metric: string;
  readonly matchers: ReadonlySet<string>;
}

/** `narrow` selects part of what `wide` selects, so it can be empty where the other is not. */
export function isPartOf(narrow: Selection, wide: Selection): boolean {
  return (
    narrow.metric !== "" &&
    narrow.metric === wide.metric &&
    narrow.matchers.size > wide.matchers.size &&
    [...wide.matchers].every((matcher) => narrow.matchers.has(matcher))
  );
}

function matchersOf(selector: SyntaxNode, expr: string): ReadonlySet<string> {
  return new Set(
    childrenOf(selector)
      .filter(({ name }) => name === "LabelMatchers")
      .flatMap(childrenOf)
      .filter(({ name }) => name.endsWith("Matcher"))
      .map(({ from, to }) => expr.slice(from, to).replaceAll(/\s+(?=[=!~])|(?<=[=~])\s+/g, "")),
  );
}
