import type { Message } from "./message.ts";

/** How one attempt ended. Errors name what happened and hold no secret. */
export type Delivery =
  /** `reference`: what the receiver calls it, for people who look for it there. */
  | { readonly kind: "delivered"; readonly reference?: string }
  /** May pass; `notBeforeMs`: the channel asked to be left alone for that long, all messages included. */
  | { readonly kind: "retry"; readonly error: string; readonly notBeforeMs?: number }
  /** Trying again would give the same answer. */
  | { readonly kind: "permanent"; readonly error: string };

export type Undelivered = Exclude<Delivery, { readonly kind: "delivered" }>;

/** One attempt, bounded in time. Never throws. */
export type Send = (message: Message) => Promise<Delivery>;
