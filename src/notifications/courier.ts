import { bulkhead, ExponentialBackoff } from "cockatiel";
import type { Delivery, Send } from "./channel.ts";
import type { Message } from "./message.ts";
import { pause } from "./pause.ts";

const AT_ONCE = 4;

export interface Backoff {
  readonly initialDelay: number;
  readonly maxDelay: number;
}

export type Outcome =
  | { readonly kind: "delivered"; readonly attempts: number }
  | { readonly kind: "failed"; readonly attempts: number; readonly error: string }
  /** The daemon ends; the message is still to be delivered. */
  | { readonly kind: "stopped" };

/** Delivers one message, trying again until `deadlineAt` (epoch ms); at least one attempt is made. */
export type Courier = (message: Message, deadlineAt: number) => Promise<Outcome>;

/** One courier a channel: what a channel asks for ("not before …") holds for all of its messages. */
export function createCourier(
  send: Send,
  options: { readonly now: () => number; readonly backoff: Backoff; readonly signal: AbortSignal },
): Courier {
  const { now, signal } = options;
  const few = bulkhead(AT_ONCE, Number.POSITIVE_INFINITY);
  // On the monotonic clock: a corrected wall clock does not make "in 30 seconds" come sooner.
  let closedUntil = 0;

  async function attempt(message: Message): Promise<Delivery | undefined> {
    while (closedUntil > performance.now() && !signal.aborted) {
      await pause(closedUntil - performance.now(), signal);
    }
    if (signal.aborted) {
      return undefined;
    }
    const delivery = await send(message);
    if (delivery.kind === "retry") {
      closedUntil = Math.max(closedUntil, performance.now() + (delivery.notBeforeMs ?? 0));
    }
    return delivery;
  }

  return async (message, deadlineAt) => {
    let backoff = new ExponentialBackoff(options.backoff).next();
    for (let attempts = 1; ; attempts += 1) {
      const delivery = await few.execute(() => attempt(message));
      if (delivery === undefined) {
        return { kind: "stopped" };
      }
      if (delivery.kind === "delivered") {
        return { kind: "delivered", attempts };
      }
      const waitMs = Math.max(backoff.duration, closedUntil - performance.now());
      if (delivery.kind === "permanent" || now() + waitMs > deadlineAt) {
        return { kind: "failed", attempts, error: delivery.error };
      }
      await pause(waitMs, signal);
      backoff = backoff.next(undefined);
    }
  };
}
