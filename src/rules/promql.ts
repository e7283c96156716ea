import type { SyntaxNode, Tree } from "@lezer/common";
import {
  childrenOf,
  depthOf,
  functionName,
  metricName,
  operandsOf,
  parsePromql,
  walk,
} from "./promql-tree.ts";
import { NAMES, typeOf } from "./promql-types.ts";
import type { Fault, PromqlFault } from "./promql-types.ts";
import { syntaxFault } from "./promql-syntax.ts";
import { unitOf } from "./promql-units.ts";
import type { PromqlUnit } from "./promql-units.ts";
import { durationMs } from "./units.ts";

export interface Selector {
  /** As written, without range: `http_requests_total{job="api"}`. */
  readonly text: string;
  readonly metric: string;
  /** The range in [ ] after it. */
  readonly rangeMs: number | undefined;
  /** Index of its first character in the expression. */
  readonly at: number;
}

/** What is known of a PromQL expression from its text alone. */
export interface PromqlFacts {
  /** Empty for an expression that can be evaluated to an instant vector. */
  readonly faults: readonly PromqlFault[];
  /** How far back from its evaluation instant it looks; the lookback of plain selectors is not counted. */
  readonly rangeMs: number;
  readonly selectors: readonly Selector[];
  /** Unit of the result, as far as the names of metrics and the operations on them tell. */
  readonly unit: PromqlUnit;
  /** Selectors of the buckets where the result is a `histogram_quantile`, unscaled; else empty. */
  readonly quantileOf: readonly Selector[];
  /** The same for expressions that differ only in white space and comments. */
  readonly normal: string;
}

/** Far beyond any query, and little enough for the recursion below. */
const MAX_DEPTH = 500;

const UNREADABLE = { rangeMs: 0, selectors: [], unit: "unknown", quantileOf: [], normal: "" } as const;

/** Reads an expression. Never throws. */
export function readPromql(expr: string): PromqlFacts {
  const tree = parsePromql(expr);
  const root = tree.topNode.firstChild;
  const syntax = syntaxFault(tree, expr);
  if (root === null || syntax !== undefined) {
    return { ...UNREADABLE, faults: [syntax ?? { at: 0, message: "the expression is empty" }] };
  }
  if (depthOf(tree) > MAX_DEPTH) {
    return { ...UNREADABLE, faults: [{ at: 0, message: "the expression is nested too deep; simplify it" }] };
  }
  const top = operandsOf(tree.topNode)[0] ?? root;
  return {
    faults: faultsOf(tree, top, expr),
    rangeMs: reachMs(top, expr),
    selectors: selectorsIn(top, expr),
    unit: unitOf(top, expr),
    quantileOf: quantileSelectors(top, expr),
    normal: normalise(expr),
  };
}

/** The tree of an expression that can be evaluated; undefined for others. */
export function treeOf(expr: string): SyntaxNode | undefined {
  if (readPromql(expr).faults.length > 0) return undefined;
  return operandsOf(parsePromql(expr).topNode)[0];
}

function faultsOf(tree: Tree, top: SyntaxNode, expr: string): readonly PromqlFault[] {
  const faults: PromqlFault[] = [];
  const fault: Fault = (node, message) => faults.push({ at: node.from, message });
  walk(tree, (node) => checkTime(node, expr, fault));
  const type = typeOf(top, expr, fault);
  if (faults.length === 0 && type !== "vector") {
    const cure = type === "matrix" ? "wrap it in a function such as `rate(…)`" : "wrap it in `vector(…)`";
    fault(
      top,
      `a rule needs an instant vector, and this is ${NAMES[type]}${type === "string" ? "" : `; ${cure}`}`,
    );
  }
  return faults;
}

/** Live evaluation, replay and confirmation must see the same data, so a rule looks back from its own instant only. */
function checkTime(node: SyntaxNode, expr: string, fault: Fault): void {
  if (node.name === "StepInvariantExpr") {
    fault(node, "`@` fixes the instant, so the value would never change; leave it out");
  }
  if (node.name === "OffsetExpr" && offsetMs(node, expr) < 0) {
    fault(node, "a negative offset looks into the future, where there is no data yet; use a positive one");
  }
  if ((node.name === "DurationExpr" || node.name === "OffsetDurationExpr") && node.getChild("DurationExpr")) {
    fault(node, "arithmetic on durations is not supported; write one plain duration such as `5m`");
  } else if (node.name === "DurationExpr" && !(literalMs(node, expr) > 0)) {
    fault(node, "a range must be a duration above zero, such as `5m`");
  }
}

function reachMs(node: SyntaxNode, expr: string): number {
  const inner = Math.max(0, ...operandsOf(node).map((operand) => reachMs(operand, expr)));
  switch (node.name) {
    case "MatrixSelector":
    case "SubqueryExpr":
      return inner + rangeOf(node, expr);
    case "OffsetExpr":
      return inner + Math.max(0, offsetMs(node, expr));
    default:
      return inner;
  }
}

function rangeOf(node: SyntaxNode, expr: string): number {
  const range = node.getChild("DurationExpr");
  return range === null ? 0 : literalMs(range, expr) || 0;
}

function offsetMs(node: SyntaxNode, expr: string): number {
  const offset = node.getChild("OffsetDurationExpr");
  return offset === null ? 0 : literalMs(offset, expr) || 0;
}

/** `5m`, `-5m`, or a plain number of seconds; NaN for anything else. */
function literalMs(node: SyntaxNode, expr: string): number {
  const text = expr.slice(node.from, node.to).replace(/\s+/g, "");
  const sign = text.startsWith("-") ? -1 : 1;
  const size = text.replace(/^[-+]/, "");
  return sign * (/^\d+(\.\d+)?$/.test(size) ? Number(size) * 1000 : durationMs(size));
}

function selectorsIn(top: SyntaxNode, expr: string): readonly Selector[] {
  if (top.name === "VectorSelector") {
    const parent = top.parent;
    return [
      {
        text: expr.slice(top.from, top.to),
        metric: metricName(top, expr),
        rangeMs: parent?.name === "MatrixSelector" ? rangeOf(parent, expr) : undefined,
        at: top.from,
      },
    ];
  }
  return childrenOf(top).flatMap((child) => selectorsIn(child, expr));
}

const KEEPS_VALUE = new Set(["avg", "max", "min"]);

function quantileSelectors(top: SyntaxNode, expr: string): readonly Selector[] {
  const name = functionName(top, expr);
  if (top.name === "ParenExpr" || KEEPS_VALUE.has(name)) {
    return operandsOf(top).flatMap((operand) => quantileSelectors(operand, expr));
  }
  return name === "histogram_quantile" ? selectorsIn(top, expr) : [];
}

function normalise(expr: string): string {
  return expr
    .replace(/("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|#[^\n]*|\s+/g, (_, text?: string) => text ?? " ")
    .replace(
      /("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|\s*([^\w\s"'`])\s*|\s{2,}/g,
      (_, text?: string, sign?: string) => text ?? sign ?? " ",
    )
    .trim();
}
