import { type Policy, targetKey, touchedBy } from "../rules/policy.ts";
import type { RunningPolicy } from "./run-policy.ts";

/** The policies in force. */
export interface PolicySet {
  /** Also those that are no longer in the rules but still have a rollback to bring to its end. */
  readonly running: () => readonly RunningPolicy[];
  /**
   * Lets go of what is gone or means something else now, and starts what is new; the rest goes on undisturbed.
   * A target whose rollback is under way is taken over when that has ended, which is not waited for.
   */
  readonly apply: (policies: readonly Policy[]) => void;
  readonly stop: () => Promise<void>;
}

/** `start` puts one policy together and runs it. */
export function createPolicySet(start: (policy: Policy) => RunningPolicy): PolicySet {
  let wanted: readonly Policy[] = [];
  let isStopped = false;
  const running = new Set<RunningPolicy>();
  const leaving = new Set<RunningPolicy>();

  /** Each as soon as nobody holds its name or its target any more. */
  function startWanted(): void {
    if (isStopped) return;
    const held = new Set([...running].map(({ policy }) => policy.name));
    const heldTargets = new Set([...leaving].flatMap(({ policy }) => touchedBy(targetKey(policy))));
    for (const policy of wanted) {
      if (!held.has(policy.name) && !touchedBy(targetKey(policy)).some((one) => heldTargets.has(one)))
        running.add(start(policy));
    }
  }

  async function letGo(each: RunningPolicy): Promise<void> {
    leaving.add(each);
    await each.retire();
    leaving.delete(each);
    running.delete(each);
    startWanted();
  }

  return {
    running: () => [...running],
    apply: (policies) => {
      wanted = policies;
      const identities = new Set(policies.map(identity));
      for (const each of running) {
        if (!identities.has(identity(each.policy)) && !leaving.has(each)) void letGo(each);
      }
      startWanted();
    },
    stop: async () => {
      isStopped = true;
      await Promise.all([...running].map(({ stop }) => stop()));
    },
  };
}

function identity({ name, hash }: Policy): string {
  return JSON.stringify([name, hash]);
}
