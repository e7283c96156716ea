import type { Policy } from "../rules/policy.ts";
import type { RunningPolicy } from "./run-policy.ts";

/** The policies in force. */
export interface PolicySet {
  readonly running: () => readonly RunningPolicy[];
  /** Ends what is gone or means something else now, and starts what is new; the rest goes on undisturbed. */
  readonly apply: (policies: readonly Policy[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** `start` puts one policy together and runs it. */
export function createPolicySet(start: (policy: Policy) => RunningPolicy): PolicySet {
  let running: readonly RunningPolicy[] = [];
  return {
    running: () => running,
    apply: async (policies) => {
      const wanted = new Set(policies.map(identity));
      const kept = running.filter(({ policy }) => wanted.has(identity(policy)));
      const ended = running.filter((each) => !kept.includes(each));
      running = kept;
      await Promise.all(ended.map(({ stop }) => stop()));
      const known = new Set(kept.map(({ policy }) => identity(policy)));
      running = [...kept, ...policies.filter((policy) => !known.has(identity(policy))).map(start)];
    },
    stop: async () => {
      await Promise.all(running.map(({ stop }) => stop()));
    },
  };
}

function identity({ name, hash }: Policy): string {
  return JSON.stringify([name, hash]);
}
