import type { Message } from "../notifications/message.ts";
import type { Outbox } from "../notifications/outbox.ts";

/** Tells people past the log; what is said before there is anything to tell with is kept until then. */
export interface Announcer {
  readonly announce: (message: Message) => void;
  readonly attach: (outbox: Pick<Outbox, "announce">) => void;
}

export function createAnnouncer(): Announcer {
  const early: Message[] = [];
  let announce = (message: Message): void => void early.push(message);
  return {
    announce: (message) => announce(message),
    attach: (outbox) => {
      ({ announce } = outbox);
      early.splice(0).forEach((message) => announce(message));
    },
  };
}
