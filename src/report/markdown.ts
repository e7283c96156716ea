/*
 * Markdown (CommonMark with the tables of GitHub) around text from outside, which shows letter for letter and cannot
 * end a cell, open a link or bring HTML along. Everything here gives back Markdown.
 */

const SPECIAL = /[\\`*[\]<|~]|&(?=#?\w+;)|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;
/** What makes a heading, quotation, list or rule of a line that begins with it. */
const LINE_START = /^(#|>|[-+=](?=[\s\-+=]|$)|\d+(?=[.)](?:\s|$)))/u;
const CONTROL = /\p{Cc}+/gu;

/** On one line. */
export function plain(text: string): string {
  const line = text.replaceAll(CONTROL, " ").replaceAll(/\s+/gu, " ").trim();
  return line
    .replaceAll(SPECIAL, String.raw`\$&`)
    .replace(LINE_START, (start) => (/\d/u.test(start) ? `${start}\\` : `\\${start}`));
}

/** For names: in the letters of code, where they allow it. */
export function code(name: string): string {
  return name === "" || /[`|\\\p{Cc}]|^\s|\s$/u.test(name) ? plain(name) : `\`${name}\``;
}

/** A block that keeps its lines, whatever is in it. */
export function fence(text: string, language = ""): string {
  const longest = Math.max(2, ...(text.match(/`+/gu) ?? []).map((run) => run.length));
  const ticks = "`".repeat(longest + 1);
  return `${ticks}${language}\n${text.replace(/\n+$/u, "")}\n${ticks}`;
}

/** Where the address is none that can be linked to, the text alone. */
export function link(text: string, address: string): string {
  return /^https?:\/\//u.test(address) && URL.canParse(address)
    ? `[${plain(text)}](<${address.replaceAll(/[<>\\\s]/gu, encodeURIComponent)}>)`
    : plain(text);
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
