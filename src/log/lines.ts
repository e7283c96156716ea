import { open, type FileHandle } from "node:fs/promises";

const CHUNK = 256 * 1024;
const NEWLINE = 0x0a;

/** Some whole lines of a file, without the newline of the last one; `offset` is where the first begins. */
export interface Block {
  readonly bytes: Buffer;
  readonly offset: number;
}

/**
 * The whole lines of a file, a few hundred kilobytes at a time. What follows the last newline is left out:
 * a writer may be in the middle of it.
 */
export async function* blocksForward(path: string, from = 0): AsyncGenerator<Block> {
  const file = await open(path, "r");
  try {
    let offset = from;
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = await read(file, offset + rest.length, CHUNK);
      if (chunk.length === 0) {
        return;
      }
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const end = bytes.lastIndexOf(NEWLINE);
      if (end >= 0) {
        yield { bytes: bytes.subarray(0, end), offset };
        offset += end + 1;
      }
      rest = bytes.subarray(end + 1);
    }
  } finally {
    await file.close();
  }
}

/** The same from the end: the last block first, lines within a block in their order. */
export async function* blocksBackward(path: string): AsyncGenerator<Block> {
  const file = await open(path, "r");
  try {
    let start = (await file.stat()).size;
    // The part of a line that was read before its beginning was; undefined until the last newline is found.
    let rest: Buffer | undefined;
    while (start > 0) {
      const length = Math.min(CHUNK, start);
      start -= length;
      const chunk = await read(file, start, length);
      const bytes = rest === undefined ? upToLastNewline(chunk) : Buffer.concat([chunk, rest]);
      if (bytes === undefined) {
        continue;
      }
      const begin = start === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
      const whole = start === 0 || begin > 0;
      if (whole && begin < bytes.length) {
        yield { bytes: bytes.subarray(begin), offset: start + begin };
      }
      rest = whole ? bytes.subarray(0, Math.max(0, begin - 1)) : bytes;
    }
  } finally {
    await file.close();
  }
}

function upToLastNewline(bytes: Buffer): Buffer | undefined {
  const end = bytes.lastIndexOf(NEWLINE);
  return end < 0 ? undefined : bytes.subarray(0, end);
}

/** The lines of a block, in order. */
export function* linesOf(block: Block): Generator<Block> {
  let begin = 0;
  while (begin <= block.bytes.length) {
    const newline = block.bytes.indexOf(NEWLINE, begin);
    const end = newline < 0 ? block.bytes.length : newline;
    yield { bytes: block.bytes.subarray(begin, end), offset: block.offset + begin };
    begin = end + 1;
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
