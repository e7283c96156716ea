import { isatty } from "node:tty";
import { terminalText } from "./terminal.ts";

/** Where a command writes and what it may assume of the reader. Tests hand in arrays. */
export interface Io {
  /** Writes one line (or a block of them) to standard output; the newline is added. */
  readonly out: (text: string) => void;
  /** The same for standard error: everything that is not the result. */
  readonly err: (text: string) => void;
  /** Width that text should keep to, in characters. */
  readonly columns: number;
  readonly color: boolean;
  readonly isTty: boolean;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Piped text has no width of its own; this one suits mail and tickets. */
const PIPED_COLUMNS = 120;

/** The process's own streams. A reader that went away (`| head`) ends the command without an error. */
export function processIo(): Io {
  process.stdout.on("error", leaveQuietly);
  const isTty = isatty(1);
  const color = isTty && (process.env["NO_COLOR"] ?? "") === "";
  return {
    out: (text) => void process.stdout.write(`${terminalText(text, color)}\n`),
    err: (text) => void process.stderr.write(`${terminalText(text, false)}\n`),
    columns: isTty ? Math.max(40, process.stdout.columns || PIPED_COLUMNS) : PIPED_COLUMNS,
    color,
    isTty,
    now: Date.now,
  };
}

function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") {
    process.exit(0);
  }
  throw error;
}
