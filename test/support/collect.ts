/** All that an async sequence gives, or its first `limit` items; the sequence is then told to stop. */
export async function collect<T>(items: AsyncIterable<T>, limit = Number.POSITIVE_INFINITY): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) {
    collected.push(item);
    if (collected.length >= limit) {
      break;
    }
  }
  return collected;
}
