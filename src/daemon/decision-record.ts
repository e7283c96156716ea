import { commandByHand } from "../decisions/by-hand.ts";
import type { Decided } from "../decisions/decide.ts";
import type { Evidence } from "../decisions/decision.ts";
import { afterEffects, ownersNextStep } from "../decisions/gitops.ts";
import { heldBackNextStep, heldBackWarnings } from "../decisions/held-back.ts";
import { movedTags } from "../decisions/moved-tags.ts";
import { unseenNeeds } from "../decisions/needed.ts";
import { budgetFreeAt, cooldownEnd } from "../decisions/may-act.ts";
import { nextStep } from "../decisions/next-step.ts";
import { relapseOf, relapseSentence } from "../decisions/relapse.ts";
import type { Situation } from "../decisions/situation.ts";
import { slotsBySeries } from "../engine/each-series.ts";
import { windowSize } from "../engine/slots.ts";
import type { DecisionRecord } from "../log/record.ts";
import { recorded, type Revision, revisionText } from "../releases/release.ts";
import { type Policy, targetKey, type Trigger } from "../rules/policy.ts";
import type { Sample } from "../signals/sample.ts";
import { standingFreeze } from "./standing-freeze.ts";
import type { Watched } from "./measure.ts";
import { vulnerabilityEvidence } from "./vulnerability-evidence.ts";

/** A decision as the log keeps it: with all that it was made of. */
export function decisionRecord(
  decisionId: string,
  decided: Decided,
  situation: Situation,
  watched: ReadonlyMap<string, Watched>,
): DecisionRecord {
  const { policy, release, owners = [] } = situation;
  const { decision, firing, to } = decided;
  const relapse = relapseOf(situation);
  return {
    type: "decision.made",
    policy: policy.name,
    target: targetKey(policy),
    ...(release && { release: release.id, from: recorded(release.revision) }),
    decisionId,
    decision: decision.decision,
    reason: decision.reason,
    otherReasons: decision.otherReasons,
    trigger: firing.trigger.name,
    headline: firing.status.headline,
    summary: summarize(decided, situation),
    ...(to && { to: recorded(to), ...byHand(policy, to) }),
    evidence: policy.triggers.flatMap((trigger) => {
      const seen = watched.get(trigger.name);
      return seen === undefined ? [] : [evidenceOf({ situation, to }, trigger, seen)];
    }),
    ...(firing.trigger.severity && { severity: firing.trigger.severity }),
    ...(policy.runbook !== undefined && { runbook: policy.runbook }),
    ...asking(decided, situation),
    ...(decision.decision === "rollback" && nextRollback(situation)),
    ...(relapse && { relapse }),
    ...(owners.length > 0 && { owners }),
    ...holding(decided, situation),
    ...(situation.objection?.output !== undefined && { output: situation.objection.output }),
  };
}

export function byHand({ target }: Policy, to: Revision): Pick<DecisionRecord, "byHand"> {
  const command = commandByHand(target, to);
  return command === undefined ? {} : { byHand: command };
}

/** The veto and the freezes. */
function holding({ decision, firing: { veto } }: Decided, { gates }: Situation): Partial<DecisionRecord> {
  return {
    ...(veto && { veto }),
    ...(decision.reason === "frozen" && { freezes: (gates.freezes ?? []).map(standingFreeze) }),
  };
}

/** Where a person is asked: until when. Where one agreed: who. */
function asking({ decision, firing }: Decided, { at, policy }: Situation): Partial<DecisionRecord> {
  const { answer } = firing;
  if (decision.decision === "rollback" && answer?.kind === "approved") {
    return { approval: { decisionId: answer.decisionId, by: answer.by } };
  }
  if (decision.decision !== "escalate" || decision.reason !== "awaiting-approval") return {};
  return { approveUntil: new Date(at + policy.approvalTimeoutMs).toISOString() };
}

/** As it will be once this one has begun; not there where no rule keeps the next one back. */
function nextRollback(situation: Situation): Pick<DecisionRecord, "nextRollback"> {
  const { at, rollbacks } = situation;
  const begun = {
    ...situation,
    lastAttemptAt: at,
    rollbacks: [...rollbacks, { decisionId: "", at, fromDigest: "" }],
  };
  const [cooled = at, free = at] = [cooldownEnd(begun), budgetFreeAt(begun)];
  const next = Math.max(cooled, free);
  if (next === at) return {};
  const rule = free === next ? "budget-exhausted" : "cooldown";
  return { nextRollback: { at: new Date(next).toISOString(), rule } };
}

function summarize({ decision, firing, obstacles, to }: Decided, situation: Situation): string {
  const { release } = situation;
  const what = `${firing.status.reason}.`;
  const move = `from ${release && revisionText(release.revision)} to ${to && revisionText(to)}`;
  const warnings = [
    ...unseenNeeds(situation),
    ...(release && to ? movedTags(release.revision, to) : []),
    ...(to ? heldBackWarnings(situation, to) : []),
    ...afterEffects(situation),
  ];
  if (decision.decision === "rollback") {
    const act = `${what} Rolling back ${move}; then it is verified that this helped.`;
    return [act, ...warnings].join(" ");
  }
  const why = obstacles.at(0)?.detail ?? decision.reason;
  const after = decision.reason === "awaiting-approval" ? warnings : [];
  const act =
    decision.reason === "observe-mode" && decision.otherReasons.length === 0
      ? `Would have rolled back ${move}, but ${why}.`
      : `No rollback: ${why}.`;
  const next = nextStepOf(decision.reason, situation);
  const relapse = relapseOf(situation);
  return [
    what,
    ...(relapse ? [relapseSentence(relapse)] : []),
    act,
    ...after,
    next ?? nextStep(decision),
  ].join(" ");
}

/** What a person can do about a reason of this very target, where that differs from one target to the other. */
function nextStepOf(reason: Decided["decision"]["reason"], situation: Situation): string | undefined {
  if (reason === "gitops-owner") return ownersNextStep(situation);
  return reason === "target-not-ready" && situation.clash === undefined
    ? heldBackNextStep(situation)
    : undefined;
}

function evidenceOf(
  { situation, to }: { readonly situation: Situation; readonly to: Revision | undefined },
  trigger: Trigger,
  { track, endpoint }: Watched,
): Evidence {
  const { policy } = situation;
  const fired = situation.firing.find((firing) => firing.trigger.name === trigger.name)?.status;
  const { series, reason } = fired ?? track.status;
  const common = { trigger: trigger.name, endpoint, rulesHash: trigger.hash, summary: reason };
  if (trigger.kind === "health") {
    const samples = track.samples.slice(-trigger.failures);
    const threshold = `${trigger.failures} failures in a row`;
    return { ...common, query: trigger.probe.url, threshold, forMs: 0, samples };
  }
  if (trigger.kind === "rollout") {
    const samples = track.samples.slice(-1);
    return { ...common, query: "rollout", threshold: "stalled", forMs: 0, samples };
  }
  if (trigger.kind === "vulnerability") {
    const samples = track.samples.slice(-1);
    const threshold = `severity ${trigger.atLeast} or worse`;
    return {
      ...common,
      query: "vulnerability",
      threshold,
      forMs: 0,
      samples,
      ...vulnerabilityEvidence(situation, trigger, to),
    };
  }
  const { query, threshold, forMs } = trigger;
  return {
    ...common,
    query: query.kind === "expr" ? query.expr : `(${query.errors}) / (${query.total})`,
    threshold: `${threshold.op} ${threshold.text}`,
    limit: threshold.value,
    forMs,
    ...(series !== undefined && { series }),
    samples: evidenceSamples(series, track.samples.slice(-windowSize(forMs, policy.intervalMs))),
  };
}

/** Of one series, or of the slots as a whole. */
function evidenceSamples(series: string | undefined, slots: readonly Sample[]): readonly Sample[] {
  const samples = series === undefined ? slots : slotsBySeries(slots)(series);
  return samples.map(({ series: _all, ...sample }) => sample);
}
