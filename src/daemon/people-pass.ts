import type { Answer } from "../decisions/answer.ts";
import { frozenUntil, isOver, standing } from "../decisions/freeze.ts";
import { formatDuration } from "../text/format.ts";
import type { DecisionRecord } from "../log/record.ts";
import { targetKey } from "../rules/policy.ts";
import type { Seen } from "./seen.ts";
import { type Approval, isOpen } from "./people-fold.ts";
import type { PassPorts } from "./ports.ts";

/** What a person answered for this trigger and release, as far as it still stands. */
export function answerFor(
  approvals: readonly Approval[],
  trigger: string,
  release: string | undefined,
  at: number,
): Answer | undefined {
  const last = approvals.findLast(
    ({ decision, answer }) =>
      answer !== undefined && decision.trigger === trigger && decision.release === release,
  );
  return last?.answer?.kind === "approved" && at >= last.untilMs ? undefined : last?.answer;
}

/** Records what has come to its end by itself: a freeze, the waiting for a person, a decision cut off by a stop. */
export async function settlePeople(seen: Seen, ports: PassPorts): Promise<void> {
  const { policy } = seen;
  await settleFreezes(seen, ports);
  for (const approval of ports.history.approvals(policy.name)) await settleApproval(approval, seen, ports);
  await settleUnbegun(seen, ports);
}

/** How long before its end a freeze is announced to end, while a trigger fires. */
const ANNOUNCED_MS = 5 * 60_000;

async function settleFreezes({ at, policy, watched }: Seen, ports: PassPorts): Promise<void> {
  const { name, intervalMs } = policy;
  const { history } = ports;
  const over = history.freezes(name).held.filter((freeze) => isOver(freeze, at));
  for (const { by, untilMs } of over.toSorted((a, b) => (a.untilMs ?? 0) - (b.untilMs ?? 0))) {
    if (untilMs === undefined) continue;
    const until = new Date(untilMs).toISOString();
    await ports.record({ type: "freeze.expired", policy: name, holder: by, until });
  }
  // The last end alone lets automation act.
  const [last] = standing(history.freezes(name), at);
  const actsFrom = frozenUntil(history.freezes(name), { at, intervalMs });
  if (last?.untilMs === undefined || actsFrom === undefined || last.untilMs - at > ANNOUNCED_MS) return;
  const triggers = policy.triggers.filter(
    ({ name: trigger, mode }) => mode !== "observe" && watched.get(trigger)?.track.status.state === "firing",
  );
  if (triggers.length === 0 || history.announcedEnd(name) === last.untilMs) return;
  await ports.record({
    type: "freeze.ending",
    policy: name,
    holder: last.by,
    until: new Date(last.untilMs).toISOString(),
    triggers: triggers.map((trigger) => trigger.name),
    actsFrom: new Date(actsFrom).toISOString(),
  });
}

async function settleApproval(approval: Approval, seen: Seen, ports: PassPorts): Promise<void> {
  const { decision, state, untilMs, askedAt } = approval;
  if (!isOpen(approval)) return;
  const { policy, target, release, decisionId } = decision;
  const about = { policy, target, ...(release !== undefined && { release }), decisionId };
  const why = withdrawn(approval, seen);
  if (why !== undefined) await ports.record({ type: "approval.withdrawn", ...about, detail: why });
  else if (seen.at >= untilMs) {
    const within = formatDuration(untilMs - askedAt);
    const detail =
      state === "waiting"
        ? `no answer came within ${within}; nothing is done about ${decision.trigger} in this episode`
        : `it was approved by ${approval.by}, but ${inTheWay(decision, ports)} until the ${within} were over; nothing is done about ${decision.trigger} in this episode`;
    await ports.record({ type: "approval.expired", ...about, detail });
  }
}

/** Of a decision that was approved and has not acted. */
function inTheWay({ policy, decisionId }: DecisionRecord, { history }: PassPorts): string {
  const last = history.lastDecision(policy);
  return last === undefined || last.decisionId === decisionId
    ? "it could not be looked at again"
    : `something else stood in the way (${[last.reason, ...last.otherReasons].join(", ")})`;
}

/** A trigger that is unknown has not recovered, and a target out of sight has not moved. */
function withdrawn({ decision }: Approval, { policy, facts, watched }: Seen): string | undefined {
  const trigger = policy.triggers.find(({ name }) => name === decision.trigger);
  if (trigger?.mode !== "approve") return `${decision.trigger} no longer asks, by the rules as they are now`;
  if (facts !== undefined && facts.release.id !== decision.release) {
    return `the target now runs ${facts.release.id}`;
  }
  const status = watched.get(decision.trigger)?.track.status;
  return status?.state === "inactive" ? `it recovered while it waited: ${status.reason}` : undefined;
}

/** Whoever asked is not asked again by a machine: a rollback that never began ends here. */
async function settleUnbegun({ policy }: Seen, ports: PassPorts): Promise<void> {
  const target = targetKey(policy);
  const decision = ports.history.unbegun(target);
  if (decision?.release === undefined || ports.history.open(target) !== undefined) return;
  await ports.record({
    type: "rollback.failed",
    policy: decision.policy,
    target,
    release: decision.release,
    decisionId: decision.decisionId,
    reason: "not-begun",
    detail: "it was decided by a person, and rollbackd was stopped before it began; nothing was changed",
  });
}
