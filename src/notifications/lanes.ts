import type { ChannelName } from "../rules/policy.ts";
import type { Courier, Outcome } from "./courier.ts";
import type { Message } from "./message.ts";

export interface Lanes {
  /** Goes after what was given before it for the same channel and incident; waits for nothing else. */
  readonly deliver: (
    to: { readonly channel: ChannelName; readonly message: Message },
    deadlineAt: number,
  ) => Promise<Outcome>;
  /** Resolves when nothing is under way. */
  readonly idle: () => Promise<void>;
}

/** Keeps order where order means something (a resolve never before its trigger) and nowhere else. */
export function createLanes(couriers: Readonly<Partial<Record<ChannelName, Courier>>>): Lanes {
  const lanes = new Map<string, Promise<Outcome>>();

  async function after(
    previous: Promise<Outcome> | undefined,
    courier: Courier | undefined,
    ...[message, deadlineAt]: Parameters<Courier>
  ): Promise<Outcome> {
    const before = await previous;
    if (before?.kind === "stopped" || courier === undefined) {
      return { kind: "stopped" };
    }
    return courier(message, deadlineAt);
  }

  return {
    deliver: async ({ channel, message }, deadlineAt) => {
      const name = `${channel} ${message.dedupKey}`;
      const lane = after(lanes.get(name), couriers[channel], message, deadlineAt);
      lanes.set(name, lane);
      const outcome = await lane;
      if (lanes.get(name) === lane) {
        lanes.delete(name);
      }
      return outcome;
    },
    idle: async () => void (await Promise.all(lanes.values())),
  };
}
