import { type AnswerHead, parseHead, UnreadableAnswer } from "./answer-head.ts";

/** Takes the bytes of an answer until its head is complete. */
export interface HeadReader {
  /** Returns where the body begins in `piece`: its end while the head is not complete. Throws UnreadableAnswer. */
  readonly push: (piece: Buffer) => number;
  /** Undefined while it is not complete. Interim answers (1xx) are passed over. */
  readonly head: () => AnswerHead | undefined;
}

const LF = 0x0a;
/** curl takes 300 kB; kubelet 10 MB. */
const LIMIT_BYTES = 1024 * 1024;

export function headReader(): HeadReader {
  let line: Buffer[] = [];
  let lines: string[] = [];
  let bytes = 0;
  let head: AnswerHead | undefined;

  const takeLine = (): void => {
    const text = Buffer.concat(line)
      .toString("latin1")
      .replace(/\r?\n$/u, "");
    line = [];
    if (text !== "") lines.push(text);
    // Known at once, not after a time-out: a server of another protocol may hold the connection open.
    if (text !== "" && lines.length === 1) parseHead([text]);
    if (text !== "" || lines.length === 0) return;
    const found = parseHead(lines);
    lines = [];
    if (found.status >= 200 || found.status === 101) head = found;
  };

  return {
    push: (piece) => {
      let at = 0;
      while (at < piece.length && head === undefined) {
        const end = piece.indexOf(LF, at);
        const next = end < 0 ? piece.length : end + 1;
        bytes += next - at;
        if (bytes > LIMIT_BYTES) {
          throw new UnreadableAnswer(`its headers are longer than ${LIMIT_BYTES} bytes`);
        }
        line.push(piece.subarray(at, next));
        if (end >= 0) takeLine();
        at = next;
      }
      if (lines.length === 0) refuseOther(Buffer.concat(line));
      return at;
    },
    head: () => head,
  };
}

/** Throws when a first line that has not ended yet begins as no answer does. */
function refuseOther(beginning: Buffer): void {
  const text = beginning.toString("latin1", 0, 5).toUpperCase();
  if (!"HTTP/".startsWith(text)) parseHead([beginning.toString("latin1")]);
}
