import { type Framing, UnreadableAnswer } from "./answer-head.ts";

/** Takes the bytes after a head, in pieces. */
export interface BodyReader {
  /** Throws UnreadableAnswer. */
  readonly push: (piece: Buffer) => void;
  /** All that belongs to the body was there. */
  readonly isDone: () => boolean;
  /** Whether the body is whole if the server closes now. */
  readonly mayClose: () => boolean;
}

/** `keep` gets the body's own bytes, without chunk sizes and trailers. What follows the body is left out. */
export function bodyReader(framing: Framing, keep: (bytes: Buffer) => void): BodyReader {
  switch (framing.kind) {
    case "until-close":
      return { push: keep, isDone: () => false, mayClose: () => true };
    case "length":
      return ofLength(framing.bytes, keep);
    case "chunked":
      return ofChunks(keep);
  }
}

function ofLength(bytes: number, keep: (bytes: Buffer) => void): BodyReader {
  let left = bytes;
  const isDone = (): boolean => left === 0;
  return {
    push: (piece) => {
      const own = piece.subarray(0, left);
      left -= own.length;
      keep(own);
    },
    isDone,
    mayClose: isDone,
  };
}

const LF = 0x0a;
/** Of one line between chunks, and of all trailers. */
const LINE_LIMIT_BYTES = 16 * 1024;

function ofChunks(keep: (bytes: Buffer) => void): BodyReader {
  /** What the next line is: a size, the end of a chunk's data, a trailer. */
  let expects: "size" | "data-end" | "trailer" = "size";
  let line = "";
  let left = 0;
  let done = false;

  const takeLine = (text: string): void => {
    if (expects === "size") {
      const size = /^[ \t]*([\da-f]{1,12})[ \t]*(?:;.*)?$/iu.exec(text)?.[1];
      if (size === undefined) throw new UnreadableAnswer("a chunk of its body has no size");
      left = Number.parseInt(size, 16);
      expects = left === 0 ? "trailer" : "data-end";
    } else if (expects === "data-end") {
      if (text !== "") throw new UnreadableAnswer("a chunk of its body is longer than its size");
      expects = "size";
    } else if (text === "") done = true;
  };

  return {
    push: (piece) => {
      let at = 0;
      while (at < piece.length && !done) {
        if (left > 0) {
          const data = piece.subarray(at, at + left);
          keep(data);
          left -= data.length;
          at += data.length;
          continue;
        }
        const end = piece.indexOf(LF, at);
        line += piece.toString("latin1", at, end < 0 ? piece.length : end);
        if (line.length > LINE_LIMIT_BYTES)
          throw new UnreadableAnswer("a line between its chunks is too long");
        if (end < 0) return;
        takeLine(line.replace(/\r$/u, ""));
        line = "";
        at = end + 1;
      }
    },
    isDone: () => done,
    mayClose: () => done,
  };
}
