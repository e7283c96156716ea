import { isatty } from "node:tty";
import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Where the demo writes. On a terminal some lines at its end are alive; elsewhere everything is plain lines. */
export interface Terminal {
  readonly isTty: boolean;
  readonly columns: () => number;
  readonly paint: (style: Style, text: string) => string;
  /** Lines that stay. */
  readonly say: (text?: string) => void;
  /** Lines that the next call replaces; written on a terminal only. */
  readonly live: (lines: readonly string[]) => void;
  /** What is alive stays as it is now. */
  readonly settle: () => void;
  /** Gives the terminal back as it was. */
  readonly close: () => void;
}

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
/** A live line that broke in two could not be found again, so the terminal cuts it. */
const NO_WRAP = "\x1b[?7l";
const WRAP = "\x1b[?7h";
const ERASE_BELOW = "\x1b[J";
/** A terminal that does not know its width, and pipes. */
const USUAL_COLUMNS = 100;

/** Standard output. Colours only on a terminal, and not where NO_COLOR asks for none. */
export function openTerminal(): Terminal {
  const { stdout } = process;
  const isTty = isatty(1) && process.env["TERM"] !== "dumb";
  const color = isTty && (process.env["NO_COLOR"] ?? "") === "";
  let alive: readonly string[] = [];
  const erase = (): string => (alive.length === 0 ? "" : `\x1b[${alive.length}A\r${ERASE_BELOW}`);
  const drawn = (lines: readonly string[]): string =>
    lines.length === 0 ? "" : `${NO_WRAP}${lines.map((line) => `${line}\n`).join("")}${WRAP}`;
  // A reader that went away (`| head`) ends the demo; what it started goes with it.
  stdout.on("error", () => process.exit(1));
  if (isTty) stdout.write(HIDE_CURSOR);
  return {
    isTty,
    columns: () => stdout.columns || USUAL_COLUMNS,
    paint: (style, text) => (color ? styleText(style, text, { validateStream: false }) : text),
    say: (text = "") => void stdout.write(`${erase()}${text}\n${drawn(alive)}`),
    live: (lines) => {
      if (!isTty) return;
      stdout.write(`${erase()}${drawn(lines)}`);
      alive = lines;
    },
    settle: () => {
      alive = [];
    },
    close: () => {
      if (isTty) stdout.write(`${WRAP}${SHOW_CURSOR}`);
    },
  };
}
