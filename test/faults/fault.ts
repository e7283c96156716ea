import { setTimeout as sleep } from "node:timers/promises";

/** What becomes of a request instead of an honest answer. */
export type Fault =
  /** Passed on, but this much later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Taken and never answered. */
  | { readonly kind: "hang" }
  /** The connection is reset: at once, or after so many bytes of the upstream's body. */
  | { readonly kind: "reset"; readonly afterBytes?: number }
  /** The upstream's answer ends early, and nothing in HTTP shows it. */
  | { readonly kind: "truncate"; readonly afterBytes: number }
  /** The upstream's body, a few bytes at a time. */
  | { readonly kind: "trickle"; readonly bytes: number; readonly everyMs: number }
  /** The upstream's answer under another content type. */
  | { readonly kind: "content-type"; readonly contentType: string }
  /** An answer of the proxy's own; the upstream is not asked. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body?: string;
      readonly contentType?: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

/** Thrown out of a body where the connection is to be reset. */
class ResetHere extends Error {}

/** The body of an answer as the fault has it; without a fault that touches bodies, as it came. */
export async function* faultyBody(
  body: AsyncIterable<Buffer>,
  fault: Fault | undefined,
): AsyncGenerator<Buffer> {
  switch (fault?.kind) {
    case "reset":
      yield* firstBytes(body, fault.afterBytes ?? 0);
      throw new ResetHere();
    case "truncate":
      yield* firstBytes(body, fault.afterBytes);
      return;
    case "trickle":
      for await (const chunk of body) {
        for (let start = 0; start < chunk.length; start += fault.bytes) {
          await sleep(fault.everyMs);
          yield chunk.subarray(start, start + fault.bytes);
        }
      }
      return;
    default:
      yield* body;
  }
}

async function* firstBytes(body: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer> {
  let left = count;
  if (left === 0) return;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}
