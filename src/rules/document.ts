import { isAlias, isMap, isPair, isScalar, isSeq, parseDocument } from "yaml";
import type { Document, Node, YAMLError } from "yaml";
import type { Problem } from "./problem.ts";
import { sourceOffset } from "./scalar-offset.ts";

/** Keys and indexes from the top of the file to a value. */
export type Path = readonly (string | number)[];

/** Lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One YAML file that could be read, and where each of its values stands. */
export interface RulesDocument {
  readonly file: string;
  readonly text: string;
  /** Plain data. Each call makes it anew, so that a caller may fill it in. */
  readonly toData: () => unknown;
  /** True where the author wrote this key. */
  readonly has: (path: Path) => boolean;
  /** The value at `path`, or the nearest value around it. */
  readonly locate: (path: Path) => Position;
  /** The last key of `path` itself. */
  readonly locateKey: (path: Path) => Position;
  /** The character at `index` of the text at `path`. */
  readonly locateInText: (path: Path, index: number) => Position;
}

/** Rules are written by hand: more than this is a mistake, and reading it would only cost memory. */
const MAX_CHARACTERS = 1_000_000;

/** Enough for a file that shares its labels through anchors, too little for one that multiplies itself. */
const MAX_ALIASES = 100;

/** Parses a rules file. Never throws: text that is no YAML gives problems. */
export function readDocument(
  file: string,
  text: string,
): { readonly document: RulesDocument } | { readonly problems: readonly Problem[] } {
  const fault = (message: string, at: Position = { line: 1, column: 1 }): Problem => ({
    file,
    ...at,
    severity: "error",
    rule: "yaml",
    message,
  });
  if (text.length > MAX_CHARACTERS) {
    return {
      problems: [fault(`${text.length} characters; a rules file may have ${MAX_CHARACTERS}. Split it.`)],
    };
  }
  const at = positionsIn(text);
  try {
    const yaml = parseDocument(text, { prettyErrors: false });
    if (yaml.errors.length > 0) {
      return {
        problems: withoutEchoes(yaml.errors).map((error) => fault(sentence(error.message), at(error.pos[0]))),
      };
    }
    yaml.toJS({ maxAliasCount: MAX_ALIASES });
    return { document: open(file, text, yaml, at) };
  } catch (error) {
    return { problems: [fault(`This YAML cannot be read: ${sentence(messageOf(error))}`)] };
  }
}

function open(file: string, text: string, yaml: Document, at: (offset: number) => Position): RulesDocument {
  return {
    file,
    text,
    toData: () => yaml.toJS({ maxAliasCount: MAX_ALIASES }),
    has: (path) => descend(yaml, path).exact,
    locate: (path) => at(descend(yaml, path).node?.range?.[0] ?? 0),
    locateKey: (path) => at(descend(yaml, path).key?.range?.[0] ?? 0),
    locateInText: (path, index) => {
      const { node } = descend(yaml, path);
      return at(isScalar(node) ? sourceOffset(node, text, index) : (node?.range?.[0] ?? 0));
    },
  };
}

interface Found {
  /** The deepest value on the way. */
  readonly node: Node | null;
  /** The key that leads to it; the value itself where it is an item of a list. */
  readonly key: Node | null;
  /** False when the path ends before its last step. */
  readonly exact: boolean;
}

function descend(yaml: Document, path: Path): Found {
  let node: Node | null = yaml.contents;
  let key: Node | null = node;
  for (const step of path) {
    const child = childOf(isAlias(node) ? (node.resolve(yaml) ?? null) : node, step);
    if (child === undefined) {
      return { node, key, exact: false };
    }
    key = child.key ?? child.value;
    node = child.value ?? child.key;
  }
  return { node, key, exact: true };
}

function childOf(
  node: Node | null,
  step: string | number,
): { readonly key: Node | null; readonly value: Node | null } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    return isPair(pair) ? { key: pair.key as Node, value: pair.value as Node | null } : undefined;
  }
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? undefined : { key: null, value: item as Node };
  }
  return undefined;
}

// The parser's own counter misses lines inside tokens that it could not understand.
function positionsIn(text: string): (offset: number) => Position {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  return (offset) => {
    let low = 0;
    for (let high = starts.length; high - low > 1;) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** Keys that are there twice are told one by one; of errors of syntax, those after the first are only its echoes. */
function withoutEchoes(errors: readonly YAMLError[]): readonly YAMLError[] {
  const inOrder = errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
  const first = inOrder.find(({ code }) => code !== "DUPLICATE_KEY");
  return inOrder.filter((error) => error.code === "DUPLICATE_KEY" || error === first);
}

/** The parser recurses, and tells so in words of its own when it comes to its end. */
function sentence(message: string): string {
  const text = message.startsWith("Maximum call stack") ? "It is nested too deep" : message;
  return text.endsWith(".") ? text : `${text}.`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
