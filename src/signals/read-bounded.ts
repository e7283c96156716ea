export interface BoundedBody {
  /** All of it, or what fits into the limit. */
  readonly text: string;
  readonly complete: boolean;
}

/** Reads a body as UTF-8, but never more than `limitBytes` of it: beyond that the stream is ended. */
export async function readBounded(
  stream: AsyncIterable<Uint8Array>,
  limitBytes: number,
): Promise<BoundedBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.byteLength;
    // Leaving the loop destroys the stream, and with it the connection.
    if (size > limitBytes) break;
  }
  const read = Buffer.concat(chunks).subarray(0, limitBytes);
  return { text: read.toString("utf8"), complete: size <= limitBytes };
}
