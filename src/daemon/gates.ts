import { frozenGate, standing } from "../decisions/freeze.ts";
import type { Gates } from "../decisions/situation.ts";
import type { Policy } from "../rules/policy.ts";
import type { History } from "./history.ts";

/** What stands above the target of one policy, as it is now; without mass-breach, which the fleet knows. */
export type GatesOf = (policy: Pick<Policy, "name" | "intervalMs">) => Omit<Gates, "massBreach">;

export function createGates(ports: {
  readonly unwritable: () => string | undefined;
  readonly history: Pick<History, "freezes">;
  readonly now: () => number;
}): GatesOf {
  return ({ name, intervalMs }) => {
    const at = ports.now();
    const freezes = ports.history.freezes(name);
    const inForce = standing(freezes, at);
    return {
      logUnwritable: ports.unwritable(),
      notLeader: undefined,
      frozen: frozenGate(freezes, { at, intervalMs }),
      ...(inForce.length > 0 && { freezes: inForce }),
    };
  };
}
