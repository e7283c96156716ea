import type { Scalar } from "yaml";

/**
 * Where in the file the character `index` of a text stands. YAML may fold, indent, quote and escape what an author
 * writes, so both are walked side by side: each character of the value is found again in the source.
 */
export function sourceOffset(scalar: Scalar, source: string, index: number): number {
  const [start, end] = scalar.range ?? [0, 0];
  const value = String(scalar.value);
  let at = start + headerLength(scalar, source.slice(start, end));
  for (let seen = 0; seen <= index && at < end; seen += 1) {
    at = skipTo(value[seen], { source, at, end });
    if (seen < index) {
      at += escaped(scalar, source, at) ? escapeLength(source, at) : 1;
    }
  }
  return Math.min(at, end);
}

/** A block scalar's content begins on the line after `|` or `>`, a quoted one's after the quote. */
function headerLength(scalar: Scalar, written: string): number {
  switch (scalar.type) {
    case "BLOCK_LITERAL":
    case "BLOCK_FOLDED":
      return written.indexOf("\n") + 1;
    case "QUOTE_DOUBLE":
    case "QUOTE_SINGLE":
      return 1;
    default:
      return 0;
  }
}

function skipTo(
  wanted: string | undefined,
  { source, at, end }: { readonly source: string; readonly at: number; readonly end: number },
): number {
  if (wanted === undefined || source[at] === "\\") {
    return at;
  }
  let next = at;
  while (next < end && source[next] !== wanted) {
    next += 1;
  }
  return next;
}

function escaped(scalar: Scalar, source: string, at: number): boolean {
  return scalar.type === "QUOTE_DOUBLE" && source[at] === "\\";
}

function escapeLength(source: string, at: number): number {
  switch (source[at + 1]) {
    case "x":
      return 4;
    case "u":
      return 6;
    case "U":
      return 10;
    default:
      return 2;
  }
}
