import type { KubeApi } from "../kubernetes/api.ts";
import type { TargetWatch } from "../releases/watch.ts";
import type {
  Act,
  ActOutcome,
  Again,
  Applied,
  Failed,
  Inspect,
  RollbackOrder,
  Shown,
  Strategy,
} from "./act.ts";
import { groupDigest } from "../releases/group.ts";
import { unchanged } from "./attempts.ts";
import { deploymentStrategy } from "./deployment.ts";
import { type MemberOrder, memberOrders } from "./group-order.ts";
import { partlyApplied } from "./group-partly.ts";
import { untilShown } from "./group-shown.ts";
import type { WorkloadStrategy } from "./workload.ts";

export interface GroupStrategyOptions {
  readonly api: KubeApi;
  /** Epoch ms. */
  readonly now: () => number;
  /** Of the group. */
  readonly watch: Pick<TargetWatch, "current" | "onChange">;
}

/**
 * Puts earlier templates back on several Deployments, in the order of the policy. The cluster has no transaction for
 * that: every change is tried on the server first, and nothing is changed unless all of them would pass. What fails
 * after that leaves the group in part, and says which member is where.
 */
export function groupStrategy({ api, now, watch }: GroupStrategyOptions): Strategy {
  const one = deploymentStrategy({ api, now });
  return {
    repeatable: true,
    inspect: inspectWith(one),
    rehearse: async (order, signal) => {
      const rehearsed = await Promise.all(memberOrders(order).map((member) => rehearse(member, one, signal)));
      return firstBlocked(rehearsed) ?? { kind: "applied", detail: "every member would be moved" };
    },
    act: async (order, signal) => {
      const outcome = await moveAll(order, one, signal);
      // What follows judges what the watch shows, and each member is watched by itself.
      if (outcome.kind === "applied") await untilShown((outcome.runs ?? order.to).digest, watch, signal);
      return outcome;
    },
    settle: async (order, signal) => {
      const moving = memberOrders(order).filter(({ moves }) => moves);
      const settled = moving.map(
        async (member) => [member.name, await one.settle(member.order, signal)] as const,
      );
      return together(order, await Promise.all(settled));
    },
  };
}

async function moveAll(
  order: RollbackOrder,
  one: WorkloadStrategy,
  signal: AbortSignal,
): Promise<ActOutcome> {
  const members = memberOrders(order);
  const moving = members.filter(({ moves }) => moves);
  const rehearsed = await Promise.all(members.map((member) => rehearse(member, one, signal)));
  const blocked = firstBlocked(rehearsed);
  if (blocked !== undefined) return ownOrPartly(blocked, order, one);
  const done: (readonly [string, Applied])[] = [];
  for (const member of moving) {
    const outcome = await one.act(member.order, signal);
    if (outcome.kind !== "applied") return ownOrPartly(outcome, order, one);
    done.push([member.name, outcome]);
  }
  return together(order, done);
}

/** What the members were moved to, as one act. */
function together({ to }: RollbackOrder, done: readonly (readonly [string, Applied])[]): Applied {
  const detail = done.map(([name, outcome]) => `${name}: ${outcome.detail}`).join(" ");
  const changed = new Map(
    done.flatMap(([name, { runs }]) => (runs === undefined ? [] : [[name, runs.digest]])),
  );
  if (changed.size === 0) return { kind: "applied", detail };
  const members = Object.fromEntries(
    Object.entries(to.members ?? {}).map(([name, member]) => {
      return [name, { ...member, digest: changed.get(name) ?? member.digest }];
    }),
  );
  const digest = groupDigest(new Map(Object.entries(members).map(([name, member]) => [name, member.digest])));
  return { kind: "applied", detail, runs: { digest, members } };
}

/** What does not pass without a further try goes before what may pass with one. */
function firstBlocked(outcomes: readonly ActOutcome[]): Failed | Again | undefined {
  return (
    outcomes.find((outcome) => outcome.kind === "failed") ??
    outcomes.find((outcome) => outcome.kind === "again")
  );
}

/** One that stays as it is must be what was decided about, too: the whole was proven together. */
async function rehearse(
  { name, order, moves }: MemberOrder,
  one: WorkloadStrategy,
  signal: AbortSignal,
): ReturnType<Act> {
  if (moves) return one.rehearse(order, signal);
  const shown = await one.inspect(order);
  if (shown === "not-applied") return { kind: "applied", detail: `${name} stays` };
  if (shown === "not-observable") {
    const failure = unchanged(
      "unreachable",
      `What ${order.target} runs cannot be seen; nothing was changed.`,
    );
    return { kind: "again", failure, answer: "no answer", isUnread: true };
  }
  return unchanged(
    "superseded",
    `${order.target} no longer runs revision ${order.from.name}; it was changed since the decision, and ` +
      "nothing was undone.",
  );
}

/** As long as no member was moved, what stopped the first is what stopped all. */
async function ownOrPartly(
  outcome: Failed | Again,
  order: RollbackOrder,
  one: WorkloadStrategy,
): Promise<ActOutcome> {
  const shown = await look(order, one.inspect);
  const states = new Set(shown.map(([, state]) => state));
  if (!states.has("applied")) return outcome;
  if (states.size === 1) {
    return { kind: "applied", detail: `Somebody else finished it: every member runs ${order.to.name}.` };
  }
  // The members that are left are tried again; each step looks for itself first.
  return outcome.kind === "again"
    ? { ...outcome, failure: partlyApplied(shown, outcome.failure.detail) }
    : partlyApplied(shown, outcome.detail);
}

function inspectWith(one: WorkloadStrategy): Inspect {
  return async (order) => {
    const shown = await look(order, one.inspect);
    const states = new Set(shown.map(([, state]) => state));
    if (states.has("not-observable")) return "not-observable";
    if (states.has("applied")) {
      if (states.size === 1) return "applied";
      return partlyApplied(shown, "The daemon was stopped during the act, and it was not finished.");
    }
    return states.has("moved") ? "moved" : "not-applied";
  };
}

/** What each member shows that was to be moved. */
async function look(
  order: RollbackOrder,
  inspect: WorkloadStrategy["inspect"],
): Promise<readonly (readonly [MemberOrder, Extract<Shown, string>])[]> {
  const moving = memberOrders(order).filter(({ moves }) => moves);
  const shown = await Promise.all(
    moving.map(async (member) => [member, await inspect(member.order)] as const),
  );
  const isBegun = shown.some(([, state]) => state === "applied");
  return isBegun ? Promise.all(shown.map((one) => finishedByHand(one, inspect))) : shown;
}

/** Of an act that was left half done a person may have done the rest, as they were told. */
async function finishedByHand(
  [member, state]: Awaited<ReturnType<typeof look>>[number],
  inspect: WorkloadStrategy["inspect"],
): Promise<Awaited<ReturnType<typeof look>>[number]> {
  if (state !== "moved") return [member, state];
  const runsIt = await inspect({ ...member.order, from: member.order.to });
  return [member, runsIt === "not-applied" ? "applied" : state];
}
