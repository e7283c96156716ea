/** The data of each server-sent event, in order; ends when the connection does, also where it breaks. */
export async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const bytes of body) {
      const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const data = part.split("\n").filter((line) => line.startsWith("data: "));
        if (data.length > 0) yield data.map((line) => line.slice("data: ".length)).join("\n");
      }
    }
  } catch {
    // A connection that broke has said all that it had to say.
  }
}
