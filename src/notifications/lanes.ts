import type { ChannelName } from "../rules/policy.ts";
import type { Courier, Outcome } from "./courier.ts";
import type { Message } from "./message.ts";
import { rankOf } from "./pace.ts";

export interface Lanes {
  /** Goes after what was given before it for the same channel and incident; waits for nothing else. */
  readonly deliver: (
    to: { readonly channel: ChannelName; readonly message: Message },
    deadlineAt: number,
  ) => Promise<Outcome>;
  /** Resolves when nothing is under way. */
  readonly idle: () => Promise<void>;
}

/** What one channel is still to be told of one incident. */
interface Lane {
  readonly messages: Message[];
  last: Promise<Outcome> | undefined;
}

/** Keeps order where order means something (a resolve never before its trigger) and nowhere else. */
export function createLanes(couriers: Readonly<Partial<Record<ChannelName, Courier>>>): Lanes {
  const lanes = new Map<string, Lane>();

  async function after(
    lane: Lane,
    courier: Courier | undefined,
    [message, deadlineAt]: readonly [Message, number],
  ): Promise<Outcome> {
    const before = await lane.last;
    if (before?.kind === "stopped" || courier === undefined) {
      return { kind: "stopped" };
    }
    return courier(message, deadlineAt, () => rankOf(lane.messages.map(({ event }) => event)));
  }

  return {
    deliver: async ({ channel, message }, deadlineAt) => {
      const name = `${channel} ${message.dedupKey}`;
      const lane = lanes.get(name) ?? { messages: [], last: undefined };
      lanes.set(name, lane);
      lane.messages.push(message);
      lane.last = after(lane, couriers[channel], [message, deadlineAt]);
      const outcome = await lane.last;
      lane.messages.shift();
      if (lane.messages.length === 0) {
        lanes.delete(name);
      }
      return outcome;
    },
    idle: async () => void (await Promise.all([...lanes.values()].flatMap(({ last }) => last ?? []))),
  };
}
