import type { SyntaxNode } from "@lezer/common";
import { functionName, metricName, operandsOf } from "./promql-tree.ts";
import { operatorOf } from "./promql-types.ts";

/**
 * Unit of a result. `seconds-rate` is what `rate` makes of seconds: without a unit until it is divided by a rate of
 * something else, which is a mean in seconds.
 */
export type PromqlUnit = "seconds" | "milliseconds" | "seconds-rate" | "unknown";

const RATES = new Set(["rate", "irate", "increase", "delta", "idelta", "deriv", "sum_over_time"]);
const UNITLESS = new Set([
  "count",
  "group",
  "count_values",
  "count_over_time",
  "changes",
  "resets",
  "absent",
]);
const CLOCKS = /_timestamp_(milli)?seconds(_|$)/;

/** What the names of metrics, by Prometheus's own naming rules, and the operations on them say. */
export function unitOf(node: SyntaxNode, expr: string): PromqlUnit {
  const operands = operandsOf(node);
  switch (node.name) {
    case "VectorSelector":
      return unitOfMetric(metricName(node, expr));
    case "BinaryExpr":
      return unitOfBinary(node, expr);
    case "FunctionCall":
    case "AggregateExpr":
      return unitOfCall(functionName(node, expr), operands, expr);
    default:
      return operands[0] === undefined ? "unknown" : unitOf(operands[0], expr);
  }
}

function unitOfMetric(metric: string): PromqlUnit {
  if (CLOCKS.test(metric)) {
    return "unknown";
  }
  if (/_seconds(_sum)?$/.test(metric)) {
    return "seconds";
  }
  return /_(milliseconds|ms)(_sum)?$/.test(metric) ? "milliseconds" : "unknown";
}

function unitOfCall(name: string, operands: readonly SyntaxNode[], expr: string): PromqlUnit {
  if (UNITLESS.has(name)) {
    return "unknown";
  }
  if (name === "histogram_quantile") {
    return unitOfBuckets(operands[1], expr);
  }
  const units = operands.map((operand) => unitOf(operand, expr));
  const unit = units.find((each) => each !== "unknown") ?? "unknown";
  return RATES.has(name) && unit === "seconds" ? "seconds-rate" : unit;
}

function unitOfBuckets(node: SyntaxNode | undefined, expr: string): PromqlUnit {
  if (node === undefined) {
    return "unknown";
  }
  if (node.name === "VectorSelector") {
    return unitOfMetric(metricName(node, expr).replace(/_bucket$/, ""));
  }
  return unitOfBuckets(operandsOf(node).at(-1), expr);
}

const FILTERS = new Set(["Eql", "Neq", "Gtr", "Lss", "Gte", "Lte", "And", "Or", "Unless"]);

function unitOfBinary(node: SyntaxNode, expr: string): PromqlUnit {
  const operands = operandsOf(node);
  const [left = "unknown", right = "unknown"] = operands.map((operand) => unitOf(operand, expr));
  const operator = operatorOf(node);
  if (operator === "Div") {
    return right === "unknown" && !operands.some(mayScale) ? mean(left) : "unknown";
  }
  if (operator === "Add" || operator === "Sub") {
    return left === right ? left : "unknown";
  }
  // A comparison keeps what it lets through; with `bool` it answers 0 or 1.
  return FILTERS.has(operator) && node.getChild("BoolModifier") === null ? left : "unknown";
}

/** A number, or brackets that may hold one: the author may be changing the unit. */
function mayScale({ name }: SyntaxNode): boolean {
  return name === "NumberDurationLiteral" || name === "ParenExpr";
}

function mean(unit: PromqlUnit): PromqlUnit {
  return unit === "seconds-rate" ? "seconds" : unit;
}
