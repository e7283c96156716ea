import { wrap } from "../../src/cli/log-text.ts";
import type { Terminal } from "./terminal.ts";

const RULE_COLUMNS = 100;
const BAR_COLUMNS = 4;

/** A headline; what is alive before it stays as it is. */
export function section(terminal: Terminal, title: string): void {
  terminal.settle();
  const rule = "─".repeat(Math.max(0, Math.min(RULE_COLUMNS, terminal.columns()) - title.length - 4));
  terminal.say();
  terminal.say(terminal.paint(["bold", "cyan"], `── ${title} ${rule}`));
}

/** A file, line by line as it is. */
export function quote(terminal: Terminal, name: string, text: string): void {
  terminal.say();
  terminal.say(`  ${terminal.paint("bold", name)}`);
  for (const line of text.trimEnd().split("\n")) terminal.say(barred(terminal, line));
}

/** A message, its paragraphs broken to the width there is. */
export function message(terminal: Terminal, title: string, paragraphs: readonly string[]): void {
  terminal.say();
  terminal.say(`  ${title}`);
  const width = terminal.columns() - BAR_COLUMNS;
  const lines = paragraphs.flatMap((paragraph) => wrap(paragraph, width, 0).split("\n"));
  for (const line of lines) terminal.say(barred(terminal, line));
}

function barred(terminal: Terminal, line: string): string {
  return `  ${terminal.paint("dim", "│")} ${line}`;
}

/** A command as a person types it, and what it printed. */
export function command(terminal: Terminal, typed: string, printed = ""): void {
  terminal.say(`  ${terminal.paint("bold", `$ ${typed}`)}`);
  if (printed.trim() !== "") for (const line of printed.trimEnd().split("\n")) terminal.say(`  ${line}`);
}
