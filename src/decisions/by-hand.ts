import type { Revision } from "../releases/release.ts";
import type { Target } from "../rules/policy.ts";

/**
 * The command with which a person goes back to a revision, for targets whose key and revision do not tell it by
 * themselves; undefined for the others.
 */
export function commandByHand(target: Target, to: Pick<Revision, "name">): string | undefined {
  if (target.kind !== "blue-green") return undefined;
  const color = target.colors.find((each) => to.name.startsWith(`${each}:`));
  const patch = JSON.stringify({ spec: { selector: { [target.label]: color } } });
  return `kubectl -n ${target.namespace} patch service ${target.service} --type merge --patch '${patch}'`;
}
