import type { SyntaxNode, Tree } from "@lezer/common";
import { functionNames } from "./promql-signatures.ts";
import { walk } from "./promql-tree.ts";
import type { PromqlFault } from "./promql-types.ts";
import { hint } from "./suggest.ts";

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** The first place where the text stops being PromQL, or undefined. */
export function syntaxFault(tree: Tree, expr: string): PromqlFault | undefined {
  let first: SyntaxNode | undefined;
  walk(tree, (node) => {
    if (node.type.isError && (first === undefined || node.from < first.from)) {
      first = node;
    }
  });
  if (expr.trim() === "") {
    return { at: 0, message: "the expression is empty" };
  }
  return first === undefined ? undefined : describe(expr, first);
}

function describe(expr: string, { from }: SyntaxNode): PromqlFault {
  const at = from + (/^\s*/.exec(expr.slice(from))?.[0].length ?? 0);
  const [callee] = /[a-zA-Z_][\w:]*\s*$/.exec(expr.slice(0, at)) ?? [];
  if (expr[at] === "(" && callee !== undefined) {
    const name = callee.trim();
    return {
      at: at - callee.length,
      message: `\`${name}\` is not a PromQL function.${hint(name, functionNames())}`,
    };
  }
  const open = unclosed(expr.slice(0, at));
  const missing =
    open === undefined ? "" : `; \`${CLOSING[open] ?? ""}\` for an earlier \`${open}\` is still missing`;
  if (at >= expr.length) {
    return { at: Math.max(0, expr.trimEnd().length - 1), message: `the expression ends too early${missing}` };
  }
  const word = /^([\w.:]+|[^\w\s])/.exec(expr.slice(at))?.[0] ?? expr[at];
  return { at, message: `unexpected \`${word}\`${missing}` };
}

/** The innermost bracket that nothing has closed; brackets in strings and comments do not count. */
function unclosed(text: string): string | undefined {
  const open: string[] = [];
  for (const [token] of text.matchAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|#[^\n]*|[()[\]{}]/g)) {
    if (token in CLOSING) {
      open.push(token);
    } else if (")]}".includes(token)) {
      open.pop();
    }
  }
  return open.at(-1);
}
