import { frozenGate } from "../decisions/freeze.ts";
import type { Gates } from "../decisions/situation.ts";
import type { History } from "./history.ts";

/** What stands above the target of one policy, as it is now; without mass-breach, which the fleet knows. */
export type GatesOf = (policy: string) => Omit<Gates, "massBreach">;

export function createGates(ports: {
  readonly unwritable: () => string | undefined;
  readonly history: Pick<History, "freeze">;
  readonly now: () => number;
}): GatesOf {
  return (policy) => ({
    logUnwritable: ports.unwritable(),
    notLeader: undefined,
    frozen: frozenGate(ports.history.freeze(policy), ports.now()),
  });
}
