import { decideByHand } from "../decisions/manual.ts";
import { type Obstacle, obstaclesTo, TARGET_CHECKS } from "../decisions/obstacles.ts";
import { HOLD_REASONS } from "../decisions/reason.ts";
import type { Situation } from "../decisions/situation.ts";
import { slotAt } from "../engine/slots.ts";
import type { Lookup } from "../releases/watch.ts";
import type { HeldReason, RollbackOrder } from "../rollback/act.ts";
import { unchanged } from "../rollback/attempts.ts";
import type { Precheck } from "../rollback/precheck.ts";
import type { Policy, Trigger } from "../rules/policy.ts";
import { askVetoes } from "./ask-vetoes.ts";
import { situationOf } from "./decide-pass.ts";
import type { Carried } from "./pass.ts";
import type { PassPorts } from "./ports.ts";
import type { Seen } from "./seen.ts";
import { withMemory } from "./target-facts.ts";
import { aheadMs } from "./trigger-clock.ts";
import type { Checked, Recheck } from "./tries.ts";

/** As much of a pass as weighing its situation needs. */
type CheckPorts = Parameters<typeof situationOf>[2] &
  Pick<PassPorts, "instant" | "watch" | "now" | "askOwners" | "lookForNeeded">;

export interface RecheckPorts {
  readonly pass: CheckPorts;
  /** What the last pass found. */
  readonly carried: () => Carried;
  /** The policy is no longer in the rules as it is. */
  readonly isRetiring: () => boolean;
  /** Absent where the policy has none. */
  readonly precheck?: Precheck;
}

/** A precheck can be a command that takes its time: the tries of one rollback ask it this often at most. */
const PRECHECK_EVERY_MS = 30_000;

/** Answered before the decision, and not asked again: a person's word, and a second look at the window. */
const NOT_AGAIN: ReadonlySet<string> = new Set([
  "awaiting-approval",
  "observe-mode",
  "not-confirmed",
  "rollback-failed",
]);

const CLEAR: Checked = { kind: "clear" };

/** Checks before each try what held nothing at the decision. */
export function createRecheck(policy: Policy, ports: RecheckPorts): Recheck {
  const { pass, carried, isRetiring } = ports;
  const precheck = ports.precheck && atMostEvery(PRECHECK_EVERY_MS, ports.precheck, pass.now);
  return async (order, { since, isFirst }) => {
    if (isRetiring()) return held("rule-changed", `the rules of ${policy.name} were changed or taken away`);
    const seen: Seen = {
      at: pass.now(),
      policy,
      facts: undefined,
      unseen: undefined,
      watched: carried().watched,
    };
    if (isFirst) return heldAtOnce(order, seen, pass);
    const stopped = order.manual === undefined ? heldUnseen(order, since, seen, pass) : undefined;
    return stopped ?? heldByTarget(order, seen, pass, precheck);
  };
}

/** Of the first try all else was looked at a moment ago. */
function heldAtOnce({ manual }: RollbackOrder, { policy }: Seen, pass: CheckPorts): Checked {
  const { frozen } = pass.gates(policy);
  return frozen === undefined || manual !== undefined ? CLEAR : held("frozen", frozen);
}

/** What holds without a look at the target. */
function heldUnseen(order: RollbackOrder, since: number, seen: Seen, pass: CheckPorts): Checked | undefined {
  return gateHeld(situationOf(seen, new Map(), pass)) ?? triggersNow(order, since, seen, pass);
}

async function heldByTarget(
  order: RollbackOrder,
  seen: Seen,
  pass: CheckPorts,
  precheck: Precheck | undefined,
): Promise<Checked> {
  const lookup = await pass.watch.reread();
  if (!lookup.ok) return unseen(order, lookup);
  // What runs instead is for the try to say, which knows who did it.
  if (lookup.snapshot.release.id !== order.release) return CLEAR;
  const known = withMemory(lookup.snapshot, pass.history);
  const owners = (await pass.askOwners?.(known.owners)) ?? known.owners;
  const facts = { ...known, owners, uid: lookup.snapshot.uid };
  const now: Seen = { ...seen, facts };
  const objection = await precheck?.(order);
  const isByHand = order.manual !== undefined;
  const needed = await pass.lookForNeeded?.(facts.release.revision, order.to);
  const situation = {
    ...situationOf(now, isByHand ? new Map() : await askVetoes(now, pass), pass),
    ...(objection && { objection }),
    ...(needed && { needed }),
  };
  return isByHand ? heldByHand(situation, order) : heldNow(situation, order);
}

/** What stands above any single target holds at once, whatever the triggers say. */
function gateHeld(situation: Situation): Checked | undefined {
  for (const reason of ["log-unwritable", "not-leader", "frozen", "mass-breach"] as const) {
    const detail = TARGET_CHECKS[reason]?.(situation);
    if (detail !== undefined) return held(reason, detail);
  }
  return undefined;
}

/** Undefined while all that fired are known and at least one of them was not healthy since. */
function triggersNow(
  { fired = [] }: RollbackOrder,
  since: number,
  { policy, watched }: Seen,
  { skewMs }: CheckPorts,
): Checked | undefined {
  const states = fired.map((name) => {
    const trigger = policy.triggers.find((one) => one.name === name);
    const track = watched.get(name)?.track;
    const from = trigger && firstSlotSince(trigger, since, policy, skewMs());
    const wasHealthy =
      from !== undefined &&
      track?.judged.some(({ at, verdict }) => at >= from && verdict === "healthy") === true;
    return { name, status: track?.status, wasHealthy: wasHealthy || track?.status.state === "inactive" };
  });
  if (states.length > 0 && states.every(({ wasHealthy }) => wasHealthy)) {
    const said = states.map(({ status, name }) => status?.reason ?? `${name} was healthy`).join("; ");
    return held("not-confirmed", `every trigger that fired has been healthy since: ${said}`);
  }
  const unknown = states.find(({ status }) => status === undefined || status.state === "unknown");
  if (unknown === undefined) return undefined;
  const said = unknown.status?.reason ?? "not evaluated yet";
  return { kind: "wait", detail: `${unknown.name} is unknown (${said}), so no try was sent` };
}

/** The newest slot that the decision can have known still fired. */
function firstSlotSince(trigger: Trigger, since: number, policy: Policy, skewMs: number): number {
  if (trigger.kind !== "metric") return since;
  return slotAt(since + aheadMs(trigger, skewMs) - policy.queryOffsetMs, policy.intervalMs);
}

/** One trigger of those that fired, and still fires, with nothing in its way is enough. */
function heldNow(situation: Situation, { fired = [] }: RollbackOrder): Checked {
  const firing = situation.firing.filter(({ trigger }) => fired.includes(trigger.name));
  const inTheWay = firing.map((each) =>
    obstaclesTo(situation, each).filter(({ reason }) => !NOT_AGAIN.has(reason)),
  );
  if (inTheWay.some((obstacles) => obstacles.length === 0)) return CLEAR;
  // As for the decision: the trigger that got furthest, and the first of what is in its way.
  const [first] = inTheWay.flatMap(([its]) => its ?? []).toSorted((a, b) => rank(b) - rank(a));
  if (first !== undefined) return held(first.reason as HeldReason, first.detail);
  return {
    kind: "wait",
    detail: `${fired.join(", ")} is not known to fire over a whole window, so no try was sent`,
  };
}

function rank({ reason }: Obstacle): number {
  return HOLD_REASONS.indexOf(reason);
}

/** A person's wish is held by what makes the act impossible or unsafe, and by nothing else. */
function heldByHand(situation: Situation, { to }: RollbackOrder): Checked {
  const decided = decideByHand(situation, to.name);
  // A revision that is gone is for the try to say.
  if (decided.ok || decided.reason === "unknown-revision") return CLEAR;
  return held(decided.reason as HeldReason, decided.detail.replace(/\.$/u, ""));
}

function held(reason: HeldReason, detail: string): Checked {
  return { kind: "held", reason, detail };
}

function unseen({ target }: RollbackOrder, { reason, detail }: Extract<Lookup, { ok: false }>): Checked {
  const why = `What ${target} runs cannot be seen: ${detail}`;
  // Of a target that is gone, and of a version that says nothing, the try knows more.
  if (reason !== "forbidden" && reason !== "unreachable") return CLEAR;
  const isForbidden = reason === "forbidden";
  const failure = unchanged(isForbidden ? "forbidden" : "unreachable", why);
  const answer = isForbidden ? "403" : "no answer";
  return {
    kind: "unseen",
    again: { kind: "again", failure, answer, isUnread: true, isRefused: isForbidden },
  };
}

function atMostEvery(everyMs: number, precheck: Precheck, now: () => number): Precheck {
  let last: { readonly at: number; readonly said: ReturnType<Precheck> } | undefined;
  return (change) => {
    if (last === undefined || now() - last.at >= everyMs) last = { at: now(), said: precheck(change) };
    return last.said;
  };
}
