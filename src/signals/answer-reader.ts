import { type BodyReader, bodyReader } from "./answer-body.ts";
import { headReader } from "./head-reader.ts";
import type { ProbeReply } from "./probe-verdict.ts";

/** Reads one HTTP/1 answer from the pieces in which it comes. */
export interface AnswerReader {
  /** The answer once all that is wanted of it is there. Throws UnreadableAnswer. */
  readonly push: (piece: Buffer) => ProbeReply | undefined;
  /** The server closes: the answer if it is whole, else undefined. */
  readonly close: () => ProbeReply | undefined;
}

/** Of the body at most `bodyLimitBytes` are wanted. */
export function answerReader(bodyLimitBytes: number): AnswerReader {
  const heading = headReader();
  let body: BodyReader | undefined;
  const kept: Buffer[] = [];
  let keptBytes = 0;

  const keep = (bytes: Buffer): void => {
    // One byte more than is wanted, to tell whether that was all.
    const wanted = bytes.subarray(0, bodyLimitBytes + 1 - keptBytes);
    kept.push(wanted);
    keptBytes += wanted.length;
  };

  const answer = (isWhole: boolean): ProbeReply | undefined => {
    const head = heading.head();
    const complete = keptBytes <= bodyLimitBytes;
    if (head === undefined || (!isWhole && complete)) return undefined;
    const text = Buffer.concat(kept).subarray(0, bodyLimitBytes).toString("utf8");
    return { status: head.status, location: head.location, body: { text, complete } };
  };

  return {
    push: (piece) => {
      const at = heading.push(piece);
      const head = heading.head();
      if (head !== undefined) body ??= bodyReader(head.framing, keep);
      body?.push(piece.subarray(at));
      return answer(body?.isDone() === true);
    },
    close: () => answer(body?.mayClose() === true),
  };
}
