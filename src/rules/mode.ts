import type { Mode } from "./policy.ts";

const REACH: Readonly<Record<Mode, number>> = { observe: 0, approve: 1, enforce: 2 };

/** What a trigger may do: its own mode, but never more than its policy's. */
export function effectiveMode(policy: Mode, trigger: Mode | undefined): Mode {
  return trigger === undefined || exceedsPolicy(trigger, policy) ? policy : trigger;
}

export function exceedsPolicy(trigger: Mode, policy: Mode): boolean {
  return REACH[trigger] > REACH[policy];
}
