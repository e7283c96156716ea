import { frozenGate } from "../decisions/freeze.ts";
import type { Policy } from "../rules/policy.ts";
import { holdReason } from "./hold-fold.ts";
import type { PassPorts } from "./ports.ts";
import type { Seen } from "./seen.ts";

/** How long a veto, or a freeze of a policy with `guard: always`, may hold what fires before people are paged. */
const LIMIT_MS = 3_600_000;

/** Records, once an episode, that a freeze or a veto has held what fires for longer than its limit. */
export async function settleHold({ at, policy, watched }: Seen, ports: PassPorts): Promise<void> {
  const { history } = ports;
  const decision = history.lastDecision(policy.name);
  const reason = decision && holdReason(decision);
  const { since, isPaged } = history.hold(policy.name) ?? { since: undefined, isPaged: false };
  if (decision === undefined || reason === undefined || since === undefined || isPaged) return;
  const limitMs = limitOf(policy, reason);
  // What only observes pages nobody, and what is unknown does not fire.
  const triggers = policy.triggers.filter(
    ({ name, mode }) => mode !== "observe" && watched.get(name)?.track.status.state === "firing",
  );
  if (at - since < limitMs || triggers.length === 0 || !ports.mayDecide()) return;
  const { target, release, decisionId, veto } = decision;
  const { name, intervalMs } = policy;
  const frozen = frozenGate(history.freezes(name), { at, intervalMs });
  await ports.record({
    type: "hold.prolonged",
    policy: name,
    target,
    ...(release !== undefined && { release }),
    decisionId,
    reason,
    triggers: triggers.map((trigger) => trigger.name),
    since: new Date(since).toISOString(),
    limitMs,
    detail: (reason === "frozen" ? frozen : veto?.detail) ?? decision.summary,
  });
}

function limitOf({ guard }: Policy, reason: "frozen" | "vetoed"): number {
  return reason === "frozen" && guard !== "always" ? guard : LIMIT_MS;
}
