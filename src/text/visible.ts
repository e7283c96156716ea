/*
 * Characters that a reader does not see but that change what is read: control characters (C0, C1, escape sequences),
 * bidirectional overrides, characters without width, line separators and halves of characters. They are written as
 * JSON writes them, so that the result is harmless, shows what was there, and stays valid where it is JSON.
 */

const HIDDEN = /(?![\ufe00-\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Text of several lines: line feeds stay, everything else that is hidden is written as `\u001b`. */
export function visible(text: string): string {
  return text.replaceAll(HIDDEN, (character) => (character === "\n" ? character : escaped(character)));
}

/** Text of one line: white space of any length is one blank. */
export function visibleLine(text: string): string {
  return visible(text.replaceAll(/[\t-\r\u0085\u2028\u2029\p{Zs}]+/gu, " ").replaceAll(/^ | $/gu, ""));
}

/** What a program printed: its lines and the width of its tabs stay. */
export function visibleBlock(text: string): string {
  return visible(text.replaceAll("\r\n", "\n").replaceAll("\t", "    "));
}

/** A value of plain data in which every text, names of fields included, is clean. */
export function visibleDeep<Value>(value: Value, clean: (text: string) => string = visibleLine): Value {
  return cleaned(value, clean) as Value;
}

function cleaned(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map((each) => cleaned(each, clean));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [clean(name), cleaned(each, clean)]));
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }).join("");
}
