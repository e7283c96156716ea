import { visible } from "../text/visible.ts";

const ESCAPE = String.fromCodePoint(0x1b);
/** What `paint` writes around a text. */
const OWN_COLOURS = new RegExp(`(${ESCAPE}\\[(?:[12]|22|3[123]|39)m)`, "gu");

/**
 * Text for a terminal: of everything that a terminal obeys only line feeds are left, and the colours of `paint` where
 * colour is wanted. Renderers clean what is from outside before they paint, so that it has no colours of its own.
 */
export function terminalText(text: string, color: boolean): string {
  if (!color) return visible(text);
  return text
    .split(OWN_COLOURS)
    .map((part, at) => (at % 2 === 1 ? part : visible(part)))
    .join("");
}
