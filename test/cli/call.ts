import type { Io } from "../../src/cli/io.ts";
import { runProgram } from "../../src/cli/program.ts";

/** A terminal, or what stands in for one in a pipe, with all that it was told. */
export function terminal(isTty = false, columns = 100) {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    columns,
    color: false,
    isTty,
    now: () => Date.UTC(2026, 0, 1),
  };
  return { io, said: () => out.join("\n"), complained: () => err.join("\n") };
}

/** One command line, and what came of it. */
export async function call(...argv: string[]) {
  const { io, said, complained } = terminal();
  const code = await runProgram(argv, io);
  return { code, out: said(), err: complained() };
}
