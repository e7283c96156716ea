import { deploymentRef } from "../releases/deployment-read.ts";
import type { Revision } from "../releases/release.ts";
import type { Failed } from "./act.ts";
import type { MemberOrder } from "./group-order.ts";

type State = "applied" | "not-applied" | "moved" | "not-observable";

const SHOWN: Readonly<Record<State, (member: MemberOrder) => string>> = {
  applied: ({ name, order }) => `${name} was moved from revision ${order.from.name} to ${order.to.name}`,
  "not-applied": ({ name, order }) => `${name} still runs revision ${order.from.name}`,
  moved: ({ name, order }) => `${name} runs neither revision ${order.from.name} nor what was put back`,
  "not-observable": ({ name }) => `what ${name} runs cannot be seen`,
};

/**
 * A group of which some members were moved and others were not. What was moved stays, since moving it back is a
 * release of its own: people are told what to run for one whole and for the other.
 */
export function partlyApplied(shown: readonly (readonly [MemberOrder, State])[], why: string): Failed {
  const moved = shown.flatMap(([member, state]) => (state === "applied" ? [member] : []));
  const rest = shown.flatMap(([member, state]) => (state === "applied" ? [] : [member]));
  const because = why.endsWith(".") ? why : `${why}.`;
  const members = shown.map(([member, state]) => SHOWN[state](member)).join("; ");
  const detail =
    `Only some members of the group were moved: ${members}. ${because} ` +
    `To finish: ${commands(rest, ({ order }) => order.to)}. ` +
    `To go back instead: ${commands(moved, ({ order }) => order.from)}.`;
  return { kind: "failed", reason: "partly-applied", detail };
}

function commands(members: readonly MemberOrder[], to: (member: MemberOrder) => Revision): string {
  return members
    .map((member) => {
      const { namespace, name } = deploymentRef(member.order.target);
      return `kubectl -n ${namespace} rollout undo deployment/${name} --to-revision=${to(member).name}`;
    })
    .join(" && ");
}
