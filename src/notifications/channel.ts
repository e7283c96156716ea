import type { Message } from "./message.ts";

/** How one attempt ended. Errors name what happened and hold no secret. */
export type Delivery =
  | { readonly kind: "delivered" }
  /** May pass; `notBeforeMs`: the channel asked to be left alone for that long, all messages included. */
  | { readonly kind: "retry"; readonly error: string; readonly notBeforeMs?: number }
  /** Trying again would give the same answer. */
  | { readonly kind: "permanent"; readonly error: string };

/** One attempt, bounded in time. Never throws. */
export type Send = (message: Message) => Promise<Delivery>;
