export type BoundedBody = { readonly complete: true; readonly text: string } | { readonly complete: false };

/** Reads a body as UTF-8, but never more than `limitBytes` of it: beyond that the stream is ended. */
export async function readBounded(
  stream: AsyncIterable<Uint8Array>,
  limitBytes: number,
): Promise<BoundedBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    // Leaving the loop destroys the stream, and with it the connection.
    if (size > limitBytes) return { complete: false };
    chunks.push(chunk);
  }
  return { complete: true, text: Buffer.concat(chunks).toString("utf8") };
}
