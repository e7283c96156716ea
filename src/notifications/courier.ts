import { type Backoff, repeat, type Try } from "../retry/repeat.ts";
import type { Delivery, Send } from "./channel.ts";
import type { Message } from "./message.ts";
import { type Pace, rankOf } from "./pace.ts";
import { createTurns } from "./turns.ts";

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
    let attempts = 0;
    let error = "";
    const once = async (): Promise<Try<Outcome>> => {
      const delivery = await attempt(message, rank);
      if (delivery === undefined) return { kind: "done", result: { kind: "stopped" } };
      attempts += 1;
      if (delivery.kind === "delivered") return { kind: "done", result: { ...delivery, attempts } };
      ({ error } = delivery);
      return delivery.kind === "permanent"
        ? { kind: "done", result: { kind: "failed", attempts, error } }
        : { kind: "again", notBeforeMs: turns.closedForMs() };
    };
    const repeated = await repeat(once, { backoff: options.backoff, deadlineAt, now, signal });
    if (repeated.kind === "done") return repeated.result;
    return repeated.kind === "over" ? { kind: "failed", attempts, error } : { kind: "stopped" };
  };
}
