import { ExponentialBackoff } from "cockatiel";
import type { Delivery, Send } from "./channel.ts";
import type { Message } from "./message.ts";
import { type Pace, rankOf } from "./pace.ts";
import { pause } from "./pause.ts";
import { createTurns } from "./turns.ts";

export interface Backoff {
  readonly initialDelay: number;
  readonly maxDelay: number;
}

export type Outcome =
  | { readonly kind: "delivered"; readonly attempts: number; readonly reference?: string }
  | { readonly kind: "failed"; readonly attempts: number; readonly error: string }
  /** The daemon ends; the message is still to be delivered. */
  | { readonly kind: "stopped" };

/**
 * Delivers one message, trying again until `deadlineAt` (epoch ms); at least one attempt is made.
 * `rank`: how urgent it is by now, since what waits behind it may be more so than itself.
 */
export type Courier = (message: Message, deadlineAt: number, rank?: () => number) => Promise<Outcome>;

/** One courier a channel: its pace, and what it asks for ("not before …"), hold for all of its messages. */
export function createCourier(
  send: Send,
  options: {
    readonly now: () => number;
    readonly backoff: Backoff;
    readonly pace: Pace;
    readonly signal: AbortSignal;
  },
): Courier {
  const { now, signal } = options;
  const turns = createTurns(options.pace, signal);

  async function attempt(message: Message, rank: () => number): Promise<Delivery | undefined> {
    const done = await turns.take(rank);
    if (done === undefined) return undefined;
    const delivery = await send(message);
    done(delivery.kind === "retry" ? delivery.notBeforeMs : undefined);
    return delivery;
  }

  return async (message, deadlineAt, rank = () => rankOf([message.event])) => {
    let backoff = new ExponentialBackoff(options.backoff).next();
    for (let attempts = 1; ; attempts += 1) {
      const delivery = await attempt(message, rank);
      if (delivery === undefined) {
        return { kind: "stopped" };
      }
      if (delivery.kind === "delivered") {
        return { ...delivery, attempts };
      }
      const waitMs = Math.max(backoff.duration, turns.closedForMs());
      if (delivery.kind === "permanent" || now() + waitMs > deadlineAt) {
        return { kind: "failed", attempts, error: delivery.error };
      }
      await pause(waitMs, signal);
      backoff = backoff.next(undefined);
    }
  };
}
