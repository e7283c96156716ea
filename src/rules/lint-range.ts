import type { SyntaxNode } from "@lezer/common";
import type { Complain } from "./complain.ts";
import type { Written } from "./lint-empty.ts";
import { childrenOf, functionName, metricName, operandsOf } from "./promql-tree.ts";

const COUNTER_FUNCTIONS = new Set(["rate", "irate", "increase", "resets"]);

/** Aggregations that drop when one of their series does, which looks like a counter that began anew. */
const ADDS_UP = new Set(["sum", "count"]);

/**
 * A counter that is added up before its rate: when one pod restarts, the sum drops, and everything that was counted so
 * far looks like a burst. Every release restarts pods.
 */
export function lintRateOfSum({ path, expr, top }: Written, complain: Complain): void {
  for (const call of callsIn(top, expr)) {
    const name = functionName(call, expr);
    const [ranged] = operandsOf(call);
    const inner = ranged && measuredBy(ranged);
    if (ranged === undefined || inner === undefined) continue;
    if (inner.name === "VectorSelector") {
      const metric = metricName(inner, expr);
      if (!/:(sum|count)$/.test(metric)) continue;
      const message =
        `\`${metric}\` is by its name a sum of counters. When a pod restarts, the sum drops and \`${name}\` ` +
        `shows a burst that never was. Record \`sum(rate(…))\` and use that.`;
      complain.inText(path, call.from, { rule: "promql", message, severity: "warning" });
      continue;
    }
    const aggregation = aggregationIn(inner);
    if (aggregation === undefined) continue;
    const operation = functionName(aggregation, expr);
    const message =
      `\`${name}\` of an aggregation: when a pod restarts, \`${operation}\` drops and \`${name}\` shows a burst that ` +
      `never was. Every release restarts pods. ${insteadOf(name, aggregation, ranged, expr)}`;
    const severity = ADDS_UP.has(operation) ? "error" : "warning";
    complain.inText(path, call.from, { rule: "promql", message, severity });
  }
}

function callsIn(node: SyntaxNode, expr: string): readonly SyntaxNode[] {
  const inside = operandsOf(node).flatMap((operand) => callsIn(operand, expr));
  return COUNTER_FUNCTIONS.has(functionName(node, expr)) ? [node, ...inside] : inside;
}

/** What a range in brackets follows. */
function measuredBy(ranged: SyntaxNode): SyntaxNode | undefined {
  const [inner] = operandsOf(ranged);
  const passes = [
    "OffsetExpr",
    "ParenExpr",
    "SubqueryExpr",
    "MatrixSelector",
    "SmoothedExpr",
    "AnchoredExpr",
  ];
  return inner !== undefined && passes.includes(ranged.name) ? measuredBy(inner) : ranged;
}

/** The outermost aggregation of what is measured; one inside another function is that function's matter. */
function aggregationIn(node: SyntaxNode): SyntaxNode | undefined {
  if (node.name === "AggregateExpr") return node;
  if (node.name !== "BinaryExpr" && node.name !== "ParenExpr" && node.name !== "UnaryExpr") return undefined;
  return operandsOf(node)
    .map(aggregationIn)
    .find((found) => found !== undefined);
}

function insteadOf(name: string, aggregation: SyntaxNode, ranged: SyntaxNode, expr: string): string {
  const text = ({ from, to }: SyntaxNode): string => expr.slice(from, to);
  const [selector, ...others] = operandsOf(aggregation);
  const range = rangeText(ranged, expr);
  if (selector?.name !== "VectorSelector" || others.length > 0 || range === undefined) {
    return `Take \`${name}\` of the counters first and aggregate the result.`;
  }
  const modifier = aggregation.getChild("AggregateModifier");
  const grouped = modifier === null ? "" : ` ${text(modifier)} `;
  return `Write \`${functionName(aggregation, expr)}${grouped}(${name}(${text(selector)}[${range}]))\`.`;
}

/** `8s` of `[8s:1s]`. */
function rangeText(ranged: SyntaxNode, expr: string): string | undefined {
  if (ranged.name === "SubqueryExpr") {
    const range = ranged.getChild("DurationExpr");
    return range === null ? undefined : expr.slice(range.from, range.to);
  }
  const [inner] = operandsOf(ranged);
  return inner && rangeText(inner, expr);
}

/** How long one moment stays in the value: the longest range; an `offset` moves the moment and does not stretch it. */
export function longestRange(
  top: SyntaxNode,
  msOf: (text: string) => number,
  expr: string,
): { readonly ms: number; readonly text: string } | undefined {
  const ranges = rangesIn(top)
    .map(({ from, to }) => expr.slice(from, to))
    .map((text) => ({ text, ms: msOf(text) }))
    .filter(({ ms }) => ms > 0);
  return ranges.toSorted((a, b) => b.ms - a.ms)[0];
}

function rangesIn(node: SyntaxNode): readonly SyntaxNode[] {
  const own =
    node.name === "MatrixSelector" || node.name === "SubqueryExpr" ? node.getChild("DurationExpr") : null;
  return [...(own === null ? [] : [own]), ...childrenOf(node).flatMap(rangesIn)];
}
