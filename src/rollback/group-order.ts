import { memberUids } from "../releases/group.ts";
import type { Revision } from "../releases/release.ts";
import type { RollbackOrder } from "./act.ts";

/** What is to be done to one member of a group. */
export interface MemberOrder {
  /** Of the Deployment. */
  readonly name: string;
  readonly order: RollbackOrder;
  /** False for a member that runs the same before and after. */
  readonly moves: boolean;
}

/** In the order of the policy, which is the order in which they are moved. */
export function memberOrders(order: RollbackOrder): readonly MemberOrder[] {
  const { target } = order.policy;
  if (target.kind !== "group") throw new TypeError(`${order.target} is no group`);
  const uids = memberUids(order.uid);
  return target.deployments.map((name) => {
    const from = memberOf(order.from, name);
    const to = memberOf(order.to, name);
    const uid = uids.get(name) ?? "";
    return {
      name,
      order: { ...order, target: `${target.namespace}/${name}`, uid, from, to },
      moves: from.digest !== to.digest,
    };
  });
}

/** Nothing has the digest "", so a member of which nothing is known is found to be another than decided about. */
function memberOf({ standing, images, members }: Revision, member: string): Revision {
  const { name, digest } = members?.[member] ?? { name: "none", digest: "" };
  const prefix = `${member}/`;
  const own = Object.entries(images).flatMap(([container, image]) =>
    container.startsWith(prefix) ? [[container.slice(prefix.length), image]] : [],
  );
  return { name, digest, standing, images: Object.fromEntries(own) as Revision["images"] };
}
