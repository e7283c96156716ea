import { visibleBlock, visibleLine } from "../text/visible.ts";

/*
 * Markdown (CommonMark with the tables of GitHub) around text from outside, which shows letter for letter and cannot
 * end a cell, open a link or bring HTML along. Everything here gives back Markdown.
 */

const SPECIAL = /[\\`*[\]<|~$]|&(?=#?\w+;)|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
/** What makes a heading, quotation, list or rule of a line that begins with it. */
const LINE_START = /^(#|>|[-+=](?=[\s\-+=]|$)|\d+(?=[.)](?:\s|$)))/u;
/** What GitHub and others make a link or a mention of, although it has no markup. */
const LINKED = /:\/\/|www\.|@|\b(?:mailto|xmpp|tel|javascript|data):/iu;

/** On one line. Words of which a reader's program would make a link are code, in which nothing is a link. */
export function plain(text: string): string {
  return visibleLine(text)
    .split(" ")
    .map((word) => (LINKED.test(word) ? unlinked(word) : letters(word)))
    .join(" ")
    .replace(LINE_START, (start) => (/\d/u.test(start) ? `${start}\\` : `\\${start}`));
}

function letters(word: string): string {
  return word.replaceAll(SPECIAL, String.raw`\$&`);
}

/** A backslash ends what would be a link, but for addresses of mail: an @ that cannot stand in code is written out. */
function unlinked(word: string): string {
  return isCode(word)
    ? `\`${word}\``
    : letters(word.replaceAll("@", String.raw`\u0040`)).replaceAll(
        /:(?=\/\/)|(?<=www)\.|(?<=[a-z]):/giu,
        String.raw`\$&`,
      );
}

function isCode(name: string): boolean {
  return name !== "" && !/[`|\\]/u.test(name);
}

/** For names: in the letters of code, where they allow it. */
export function code(name: string): string {
  const line = visibleLine(name);
  return isCode(line) ? `\`${line}\`` : plain(line);
}

/** A block that keeps its lines, whatever is in it. */
export function fence(text: string, language = ""): string {
  const lines = visibleBlock(text);
  const longest = Math.max(2, ...(lines.match(/`+/gu) ?? []).map((run) => run.length));
  const ticks = "`".repeat(longest + 1);
  return `${ticks}${language}\n${lines.replace(/\n+$/u, "")}\n${ticks}`;
}

/** Where the address is none that can be linked to, the text alone. */
export function link(text: string, address: string): string {
  if (!/^https?:\/\//u.test(address) || !URL.canParse(address)) return plain(text);
  const { href } = new URL(address);
  // No link begins within a link, so nothing in its text has to be code.
  return `[${letters(visibleLine(text))}](<${href.replaceAll(/[<>|\\\s]/gu, encodeURIComponent)}>)`;
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, header.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

/** Empty where there is nothing to say. */
export function section(title: string, ...blocks: readonly string[]): string {
  const said = blocks.filter((block) => block !== "");
  return said.length === 0 ? "" : [`## ${title}`, ...said].join("\n\n");
}
