import { styleText } from "node:util";
import type { LogRecord } from "../log/record.ts";
import type { Io } from "./io.ts";
import { sentence } from "../report/sentence.ts";
import { visibleDeep } from "../text/visible.ts";

export type Tone = "red" | "yellow" | "green" | "bold" | "dim";

/** `2026-03-02 10:06:00Z`: everything that is shown is UTC, and says so. */
export function time(at: string): string {
  return at.replace("T", " ").replace(/\.\d+Z$/, "Z");
}

export function paint(tone: Tone | undefined, text: string, io: Pick<Io, "color">): string {
  return io.color && tone !== undefined ? styleText(tone, text, { validateStream: false }) : text;
}

/** One record a line: number, time, type, policy, what. Cut to the width of a terminal, whole in a pipe. */
export function row(
  raw: LogRecord,
  policyWidth: number,
  io: Pick<Io, "color" | "columns" | "isTty">,
): string {
  const record = visibleDeep(raw);
  const type = record.type.padEnd(22);
  const before = `${String(record.seq).padStart(6)}  ${time(record.at)}  `;
  const after = `  ${policyOf(record).padEnd(policyWidth)}  ${sentence(record)}`.trimEnd();
  const room = Math.max(0, io.columns - before.length - type.length);
  const shown = io.isTty && after.length > room ? `${after.slice(0, Math.max(0, room - 1))}…` : after;
  return `${before}${paint(toneOf(record), type, io)}${shown}`;
}

export function policyOf(record: LogRecord): string {
  return "policy" in record && typeof record.policy === "string" ? record.policy : "-";
}

/** Of types that always have the same tone; the others have none. */
const TONES: { readonly [Type in LogRecord["type"]]?: Tone } = {
  "trigger.firing": "red",
  "rollback.failed": "red",
  "checkpoint.failed": "red",
  "rules.rejected": "red",
  "evaluation.blind": "red",
  "notification.failed": "red",
  "trigger.pending": "yellow",
  "trigger.unknown": "yellow",
  "evaluation.no-data": "yellow",
  "trigger.resolved": "green",
  "rollback.verified": "green",
  "checkpoint.passed": "green",
  "release.promoted": "green",
  "evaluation.sighted": "green",
};

export function toneOf(record: LogRecord): Tone | undefined {
  if (record.type === "decision.made") return record.decision === "hold" ? "yellow" : "red";
  return TONES[record.type];
}

/** Words on lines of at most `width` characters, each after `indent` blanks; longer words stay whole. */
export function wrap(text: string, width: number, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((each) => `${" ".repeat(indent)}${each}`).join("\n");
}
