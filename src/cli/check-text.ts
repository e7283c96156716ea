import { styleText } from "node:util";
import { isError } from "../rules/problem.ts";
import type { Problem } from "../rules/problem.ts";
import { visible, visibleDeep } from "../text/visible.ts";
import type { Io } from "./io.ts";

/** Problems as a compiler shows them: place and message, then the line with a mark under the character. */
export function renderProblems(
  problems: readonly Problem[],
  sources: ReadonlyMap<string, string>,
  io: Pick<Io, "color" | "columns">,
): string {
  return problems.map((problem) => renderProblem(problem, sources.get(problem.file), io)).join("\n\n");
}

function renderProblem(raw: Problem, source: string | undefined, io: Pick<Io, "color" | "columns">): string {
  const problem = visibleDeep(raw, visible);
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    io.color ? styleText(style, text, { validateStream: false }) : text;
  const tone = isError(problem) ? "red" : "yellow";
  const place = source === undefined ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  const head = `${paint("bold", place)}: ${paint(tone, problem.severity)}: ${problem.message} [${problem.rule}]`;
  const excerpt = source === undefined ? undefined : excerptOf(problem, source, io.columns);
  return excerpt === undefined ? head : [head, excerpt.line, paint(tone, excerpt.mark)].join("\n");
}

/** The line cut to the width of the terminal, with the marked character always inside. */
function excerptOf(
  { line, column }: Problem,
  text: string,
  columns: number,
): { readonly line: string; readonly mark: string } | undefined {
  const [source] = text.split("\n").slice(line - 1, line);
  // As wide as what is there, so that the mark stays under its character.
  const written = source?.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ").trimEnd();
  if (written === undefined || written === "") {
    return undefined;
  }
  const gutter = `${String(line).padStart(5)} | `;
  const width = Math.max(20, columns - gutter.length - 1);
  const from = Math.max(0, Math.min(column - 1 - Math.floor(width / 2), written.length - width));
  const head = from > 0 ? "…" : "";
  const tail = from + width < written.length ? "…" : "";
  const shown = head + written.slice(from + head.length, from + width - tail.length) + tail;
  return {
    line: gutter + shown,
    mark: `${" ".repeat(gutter.length - 2)}| ${" ".repeat(Math.max(0, column - 1 - from))}^`,
  };
}
