import type { SyntaxNode } from "@lezer/common";
import { functionName, operandsOf } from "./promql-tree.ts";
import { signatureOf } from "./promql-signatures.ts";
import type { PromqlType, Signature } from "./promql-signatures.ts";

/** What is wrong with an expression, and the index of the character where it shows. */
export interface PromqlFault {
  readonly at: number;
  readonly message: string;
}

export type Fault = (at: SyntaxNode, message: string) => void;

export const NAMES: Readonly<Record<PromqlType, string>> = {
  scalar: "a single number",
  vector: "an instant vector",
  matrix: "a range vector",
  string: "text",
};

/** The type of an expression that parses; what cannot be evaluated is told to `fault`, innermost first. */
export function typeOf(node: SyntaxNode, expr: string, fault: Fault): PromqlType {
  const operands = operandsOf(node);
  const types = operands.map((operand) => typeOf(operand, expr, fault));
  switch (node.name) {
    case "NumberDurationLiteral":
      return "scalar";
    case "StringLiteral":
      return "string";
    case "MatrixSelector":
    case "SubqueryExpr":
      checkRanged(node, types, fault);
      return "matrix";
    case "FunctionCall":
    case "AggregateExpr":
      return typeOfCall({ node, name: functionName(node, expr), operands, types }, fault);
    case "BinaryExpr":
      return typeOfBinary(node, types, fault);
    case "UnaryExpr":
      if (types[0] === "matrix" || types[0] === "string") {
        fault(node, `a sign cannot stand before ${NAMES[types[0]]}`);
      }
      return types[0] ?? "vector";
    case "VectorSelector":
      return "vector";
    default:
      return types[0] ?? "vector";
  }
}

function checkRanged(node: SyntaxNode, types: readonly PromqlType[], fault: Fault): void {
  const inner = types[0] ?? "vector";
  if (inner !== "vector") {
    fault(node, `a range in [ ] must follow an instant vector, and this is ${NAMES[inner]}`);
  } else if (node.name === "MatrixSelector" && operandsOf(node)[0]?.name !== "VectorSelector") {
    fault(node, "a range in [ ] must follow a metric; write a subquery such as `[5m:]` after an expression");
  }
}

interface Call {
  readonly node: SyntaxNode;
  readonly name: string;
  readonly operands: readonly SyntaxNode[];
  readonly types: readonly PromqlType[];
}

function typeOfCall(call: Call, fault: Fault): PromqlType {
  const signature = signatureOf(call.name);
  if (signature === undefined) {
    return "vector";
  }
  const most = signature.repeats ? Number.POSITIVE_INFINITY : signature.parameters.length;
  const least = signature.parameters.length - signature.optional;
  if (call.operands.length < least || call.operands.length > most) {
    fault(call.node, `\`${call.name}\` takes ${arity(least, most)}, here it has ${call.operands.length}`);
    return signature.returns;
  }
  for (const [index, operand] of call.operands.entries()) {
    checkArgument({ call, signature, index, operand }, fault);
  }
  return signature.returns;
}

function checkArgument(
  argument: {
    readonly call: Call;
    readonly signature: Signature;
    readonly index: number;
    readonly operand: SyntaxNode;
  },
  fault: Fault,
): void {
  const { call, signature, index, operand } = argument;
  const wanted = signature.parameters[index] ?? signature.parameters.at(-1) ?? "vector";
  const given = call.types[index] ?? "vector";
  if (given !== wanted) {
    fault(
      operand,
      `\`${call.name}\` needs ${NAMES[wanted]}, and this is ${NAMES[given]}${cure(wanted, given)}`,
    );
  }
}

function cure(wanted: PromqlType, given: PromqlType): string {
  if (wanted === "matrix" && given === "vector") {
    return "; add a range, such as `[5m]`";
  }
  return wanted === "vector" && given === "matrix" ? "; wrap it in a function such as `rate(…)`" : "";
}

const COMPARISONS = new Set(["Eql", "Neq", "Gtr", "Lss", "Gte", "Lte"]);
const SET_OPERATORS = new Set(["And", "Or", "Unless"]);

function typeOfBinary(node: SyntaxNode, types: readonly PromqlType[], fault: Fault): PromqlType {
  const unfit = types.find((type) => type === "matrix" || type === "string");
  const scalars = types.filter((type) => type === "scalar").length;
  const operator = operatorOf(node);
  if (unfit !== undefined) {
    fault(node, `an operator cannot work on ${NAMES[unfit]}${cure("vector", unfit)}`);
  } else if (SET_OPERATORS.has(operator) && scalars > 0) {
    fault(
      node,
      "`and`, `or` and `unless` work on instant vectors only, and here one side is a single number",
    );
  } else if (COMPARISONS.has(operator) && scalars === 2 && node.getChild("BoolModifier") === null) {
    fault(node, "comparing two single numbers needs `bool`, as in `1 > bool 0`");
  }
  return scalars === 2 ? "scalar" : "vector";
}

/** Name of the operator's node: `Div`, `Gtr`, `And` … */
export function operatorOf(node: SyntaxNode): string {
  return operandsOf(node)[0]?.nextSibling?.name ?? "";
}

function arity(least: number, most: number): string {
  const noun = (count: number) => (count === 1 ? "1 argument" : `${count} arguments`);
  if (least === most) {
    return noun(least);
  }
  return most === Number.POSITIVE_INFINITY ? `at least ${noun(least)}` : `${least} to ${noun(most)}`;
}
