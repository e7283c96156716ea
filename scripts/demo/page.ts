import type { Terminal } from "./terminal.ts";

const RULE_COLUMNS = 100;

/** A headline; what is alive before it stays as it is. */
export function section(terminal: Terminal, title: string): void {
  terminal.settle();
  const rule = "─".repeat(Math.max(0, Math.min(RULE_COLUMNS, terminal.columns()) - title.length - 4));
  terminal.say();
  terminal.say(terminal.paint(["bold", "cyan"], `── ${title} ${rule}`));
}

/** A file, with a bar along its lines. */
export function quote(terminal: Terminal, name: string, text: string): void {
  terminal.say();
  terminal.say(`  ${terminal.paint("bold", name)}`);
  barred(terminal, text.trimEnd().split("\n"));
}

export function barred(terminal: Terminal, lines: readonly string[]): void {
  for (const line of lines) terminal.say(`  ${terminal.paint("dim", "│")} ${line}`);
}

/** A command as a person types it, and what it printed. */
export function command(terminal: Terminal, typed: string, printed = ""): void {
  terminal.say(`  ${terminal.paint("bold", `$ ${typed}`)}`);
  if (printed.trim() !== "") for (const line of printed.trimEnd().split("\n")) terminal.say(`  ${line}`);
}
