import type { Revision } from "../releases/release.ts";
import type { Target } from "../rules/policy.ts";

/**
 * The command with which a person goes back to a revision, for targets whose key and revision do not tell it by
 * themselves; undefined for the others.
 */
export function commandByHand(target: Target, to: Pick<Revision, "name" | "side">): string | undefined {
  if (target.kind !== "blue-green") return undefined;
  const color = target.colors.find((each) => to.name.startsWith(`${each}:`));
  const patch = JSON.stringify({ spec: { selector: { [target.label]: color } } });
  const kubectl = `kubectl -n ${target.namespace}`;
  const doSwitch = `${kubectl} patch service ${target.service} --type merge --patch '${patch}'`;
  return [...(to.side === undefined ? [] : getReady(kubectl, to.side)), doSwitch].join(" && ");
}

/** A colour that is not live may have no pods: switched to as it is, the Service would have nobody behind it. */
function getReady(
  kubectl: string,
  { deployment, replicas }: NonNullable<Revision["side"]>,
): readonly string[] {
  const name = `deployment/${deployment}`;
  return [
    `${kubectl} scale ${name} --replicas=${replicas}`,
    `${kubectl} rollout status ${name} --timeout=10m`,
  ];
}
