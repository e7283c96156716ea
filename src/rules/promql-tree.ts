import { parser } from "@prometheus-io/lezer-promql";
import type { SyntaxNode, Tree } from "@lezer/common";
import type { LRParser } from "@lezer/lr";

// The package names the type of its parser without importing it, so this is where it gets one.
const promql: LRParser = parser;

export function parsePromql(expr: string): Tree {
  return promql.parse(expr);
}

export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== "LineComment") {
      children.push(child);
    }
  }
  return children;
}

/** Node names that are values; everything else in the tree is punctuation, modifiers and names. */
const EXPRESSIONS = new Set([
  "AggregateExpr",
  "AnchoredExpr",
  "BinaryExpr",
  "FunctionCall",
  "MatrixSelector",
  "NumberDurationLiteral",
  "OffsetExpr",
  "ParenExpr",
  "SmoothedExpr",
  "StepInvariantExpr",
  "StringLiteral",
  "SubqueryExpr",
  "UnaryExpr",
  "VectorSelector",
]);

/** The operands of a node, from left to right; the arguments of a call. */
export function operandsOf(node: SyntaxNode): readonly SyntaxNode[] {
  const body = node.getChild("FunctionCallBody");
  return childrenOf(body ?? node).filter(({ name }) => EXPRESSIONS.has(name));
}

/** `rate` of `rate(x[5m])`, `sum` of `sum(x)`; empty for other nodes. */
export function functionName(node: SyntaxNode, expr: string): string {
  const name = node.getChild("FunctionIdentifier") ?? node.getChild("AggregateOp");
  return name === null ? "" : expr.slice(name.from, name.to).toLowerCase();
}

export function walk(tree: Tree, visit: (node: SyntaxNode) => void): void {
  tree.iterate({ enter: (ref) => visit(ref.node) });
}

export function depthOf(tree: Tree): number {
  let depth = 0;
  let deepest = 0;
  tree.iterate({
    enter: () => {
      depth += 1;
      deepest = Math.max(deepest, depth);
    },
    leave: () => {
      depth -= 1;
    },
  });
  return deepest;
}

/** The metric that a selector names, in any of its three spellings; empty where it names none. */
export function metricName(selector: SyntaxNode, expr: string): string {
  const textOf = (node: SyntaxNode | null) => (node === null ? "" : expr.slice(node.from, node.to));
  const named = selector.getChild("Identifier");
  if (named !== null) {
    return textOf(named);
  }
  for (const matcher of childrenOf(selector).flatMap(childrenOf)) {
    const label = textOf(matcher.getChild("LabelName"));
    if (matcher.name === "QuotedLabelName") {
      return unquote(textOf(matcher));
    }
    if (label === "__name__" && matcher.getChild("MatchOp")?.getChild("EqlSingle")) {
      return unquote(textOf(matcher.getChild("StringLiteral")));
    }
  }
  return "";
}

function unquote(text: string): string {
  return text.slice(1, -1);
}
