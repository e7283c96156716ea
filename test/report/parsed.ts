/** One part of a Markdown document, as a reader of CommonMark with GitHub's tables takes it apart. */
export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly text: string }
  | { readonly kind: "code"; readonly language: string; readonly lines: readonly string[] }
  | { readonly kind: "table"; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: "text"; readonly text: string };

/** Throws where the document is not what its author can have meant: an open fence, a row with other cells than its table. */
export function parsed(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split("\n");
  for (let index = 0; index < lines.length;) {
    const [block, taken] = next(lines.slice(index));
    if (block !== undefined) blocks.push(block);
    index += taken;
  }
  return blocks;
}

function next(lines: readonly string[]): readonly [Block | undefined, number] {
  const [line = ""] = lines;
  const fence = /^(`{3,})(\w*)$/u.exec(line);
  if (fence !== null) return code(lines, fence[1] ?? "", fence[2] ?? "");
  const heading = /^(#{1,6}) (.+)$/u.exec(line);
  if (heading !== null) {
    return [{ kind: "heading", level: heading[1]?.length ?? 0, text: heading[2] ?? "" }, 1];
  }
  if (line.startsWith("|")) return table(lines);
  return [line === "" ? undefined : { kind: "text", text: line }, 1];
}

function code(lines: readonly string[], ticks: string, language: string): readonly [Block, number] {
  const end = lines.findIndex(
    (line, index) => index > 0 && /^`+$/u.test(line) && line.length >= ticks.length,
  );
  if (end < 0) throw new Error(`a fence stays open: ${lines.slice(0, 3).join("\n")}`);
  return [{ kind: "code", language, lines: lines.slice(1, end) }, end + 1];
}

function table(lines: readonly string[]): readonly [Block, number] {
  const end = lines.findIndex((line) => !line.startsWith("|"));
  const rows = lines.slice(0, end < 0 ? undefined : end).map(cells);
  const width = rows[0]?.length ?? 0;
  if (!rows[1]?.every((cell) => cell === "---")) throw new Error(`no table: ${lines[0]}`);
  const odd = rows.find((row) => row.length !== width);
  if (odd !== undefined) throw new Error(`${odd.length} cells in a table of ${width}: ${odd.join(" ‖ ")}`);
  return [{ kind: "table", rows: [rows[0] ?? [], ...rows.slice(2)] }, rows.length];
}

/** A pipe ends a cell unless a backslash stands before it that is not itself escaped. */
function cells(line: string): readonly string[] {
  const found = [...line.matchAll(/((?:\\.|[^|\\])*)\|/gu)].map(([, cell = ""]) => cell.trim());
  if (!line.endsWith("|")) throw new Error(`a row has no end: ${line}`);
  return found.slice(1);
}
