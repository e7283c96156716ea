import type { SyntaxNode } from "@lezer/common";
import { childrenOf, functionName, operandsOf } from "./promql-tree.ts";
import { isComparison, numberIn } from "./promql-values.ts";
import { operatorOf } from "./promql-types.ts";

/** Labels that every series of the result has at most; undefined where the text does not tell them all. */
export function labelsOf(node: SyntaxNode, expr: string): ReadonlySet<string> | undefined {
  const operands = operandsOf(node);
  const [first] = operands;
  switch (node.name) {
    case "NumberDurationLiteral":
      return new Set();
    case "AggregateExpr":
      return ofAggregation(node, operands, expr);
    case "FunctionCall":
      return ofFunction(functionName(node, expr), operands, expr);
    case "BinaryExpr":
      return ofBinary(node, operands, expr);
    case "VectorSelector":
    case "MatrixSelector":
      return undefined;
    default:
      return first === undefined ? undefined : labelsOf(first, expr);
  }
}

const KEEPS = new Set(["topk", "bottomk", "limitk", "limit_ratio"]);

function ofAggregation(
  node: SyntaxNode,
  operands: readonly SyntaxNode[],
  expr: string,
): ReadonlySet<string> | undefined {
  const name = functionName(node, expr);
  const measured = operands.at(-1);
  if (KEEPS.has(name)) return measured && labelsOf(measured, expr);
  const modifier = node.getChild("AggregateModifier");
  const named = modifier === null ? [] : groupedIn(modifier, expr);
  if (modifier !== null && modifier.getChild("By") === null) {
    const inner = measured && labelsOf(measured, expr);
    return inner && new Set([...inner].filter((label) => !named.includes(label)));
  }
  const counted = name === "count_values" ? textIn(operands[0], expr) : [];
  return new Set([...named, ...counted]);
}

function ofFunction(
  name: string,
  operands: readonly SyntaxNode[],
  expr: string,
): ReadonlySet<string> | undefined {
  const [first] = operands;
  if (name === "vector" || name === "scalar" || operands.length === 0) return new Set();
  if (name === "absent" || name === "absent_over_time") return undefined;
  if (name === "label_replace" || name === "label_join") {
    const inner = first && labelsOf(first, expr);
    return inner && new Set([...inner, ...textIn(operands[1], expr)]);
  }
  const measured = operands.findLast(({ name: kind }) => !kind.endsWith("Literal"));
  return measured && labelsOf(measured, expr);
}

function ofBinary(
  node: SyntaxNode,
  [left, right]: readonly SyntaxNode[],
  expr: string,
): ReadonlySet<string> | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (numberIn(left, expr) !== undefined) return labelsOf(right, expr);
  const [ofLeft, ofRight] = [labelsOf(left, expr), labelsOf(right, expr)];
  const operator = operatorOf(node);
  if (operator === "Or") return ofLeft && ofRight && new Set([...ofLeft, ...ofRight]);
  const modifier = node.getChild("MatchingModifierClause");
  if (modifier === null || operator === "And" || operator === "Unless") return ofLeft;
  const keepsLeft = isComparison(operator) && node.getChild("BoolModifier") === null;
  return ofMatched(modifier, { ofLeft, ofRight, keepsLeft }, expr);
}

function ofMatched(
  modifier: SyntaxNode,
  {
    ofLeft,
    ofRight,
    keepsLeft,
  }: {
    readonly ofLeft: ReadonlySet<string> | undefined;
    readonly ofRight: ReadonlySet<string> | undefined;
    readonly keepsLeft: boolean;
  },
  expr: string,
): ReadonlySet<string> | undefined {
  const [matched = [], extra = []] = modifier
    .getChildren("GroupingLabels")
    .map((list) => namesIn(list, expr));
  if (modifier.getChild("GroupLeft") !== null) return ofLeft && new Set([...ofLeft, ...extra]);
  if (modifier.getChild("GroupRight") !== null) return ofRight && new Set([...ofRight, ...extra]);
  if (keepsLeft) return ofLeft;
  if (modifier.getChild("On") !== null) return new Set(matched);
  return ofLeft && new Set([...ofLeft].filter((label) => !matched.includes(label)));
}

/** `a` and `b` of `by (a, b)`. */
function groupedIn(modifier: SyntaxNode, expr: string): readonly string[] {
  const list = modifier.getChild("GroupingLabels");
  return list === null ? [] : namesIn(list, expr);
}

function namesIn(list: SyntaxNode, expr: string): readonly string[] {
  return childrenOf(list)
    .filter(({ name }) => /Label/.test(name))
    .map(({ from, to }) => expr.slice(from, to).replaceAll('"', ""));
}

function textIn(node: SyntaxNode | undefined, expr: string): readonly string[] {
  return node?.name === "StringLiteral" ? [expr.slice(node.from + 1, node.to - 1)] : [];
}

/** The label that most likely names the version. */
export function versionLabel(labels: readonly string[]): string {
  return labels.find((label) => /version|tag|image|revision|commit/.test(label)) ?? "version";
}
