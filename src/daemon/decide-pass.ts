import { type Decided, decide } from "../decisions/decide.ts";
import type { FiringTrigger, Situation } from "../decisions/situation.ts";
import { basisFor, pastWindowMs, type Track, wasBreachingBefore } from "../decisions/track.ts";
import type { TriggerStatus } from "../engine/trigger-status.ts";
import { type Blame, blame } from "../releases/blame.ts";
import type { Release } from "../releases/release.ts";
import type { ReleaseContext } from "../releases/release-context.ts";
import { type Policy, targetKey, type Trigger } from "../rules/policy.ts";
import { askVetoes, type Vetoes } from "./ask-vetoes.ts";
import { confirm } from "./confirm.ts";
import { decisionRecord } from "./decision-record.ts";
import { givenUpNow } from "./given-up.ts";
import { isOpen } from "./people-fold.ts";
import { answerFor, settlePeople } from "./people-pass.ts";
import type { PassPorts } from "./ports.ts";
import type { Seen } from "./seen.ts";
import { isPeersTurn } from "./peer.ts";
import { clashOf } from "./sharing.ts";
import { aheadMs, onTriggerClock } from "./trigger-clock.ts";
import { underWay } from "./under-way.ts";

/** Takes the decision of this pass, records it when it is another than the last, and begins the rollback if it is one. */
export async function decideNow(seen: Seen, ports: PassPorts): Promise<void> {
  await ports.oneAtATime(targetKey(seen.policy), () => decideInTurn(seen, ports));
}

async function decideInTurn(seen: Seen, ports: PassPorts): Promise<void> {
  const { policy } = seen;
  if (!ports.mayDecide()) return;
  await settlePeople(seen, ports);
  if (!mayDecideOn(policy, ports)) return;
  const asked = await withOwnersAsked(seen, ports);
  const weighed = await weigh(asked, ports);
  // What it said was about this decision, and may be old when that is taken up again.
  if (weighed === undefined || !wouldAct(weighed.first)) ports.precheck?.forget();
  if (weighed === undefined || isRecorded(weighed.first, weighed.situation, ports)) return;
  const { first, situation } = weighed;
  const context = lazily(() => lookInto(situation.release, ports));
  const looked = wouldAct(first)
    ? await withLastLooks(first, situation, asked, { ...ports, beside: context })
    : situation;
  const decided = looked && decide(looked);
  if (!looked || !decided || isRecorded(decided, looked, ports)) return;
  const found = await context();
  if (!mayDecideOn(policy, ports)) return;
  await carryOut(decided, looked, { ...asked, context: found }, ports);
}

/** Owners are asked while something fires: until then nothing depends on the answer. */
async function withOwnersAsked(seen: Seen, { askOwners }: PassPorts): Promise<Seen> {
  const { facts, watched } = seen;
  const fires = [...watched.values()].some(({ track }) => track.status.state === "firing");
  if (askOwners === undefined || facts === undefined || !fires) return seen;
  return { ...seen, facts: { ...facts, owners: await askOwners(facts.owners) } };
}

interface Weighed {
  readonly situation: Situation;
  readonly first: Decided;
}

/** Undefined when nothing fires, and while a rollback of a peer, or one that was given up, leaves nothing to decide. */
async function weigh(seen: Seen, ports: PassPorts): Promise<Weighed | undefined> {
  if (isPeersTurn(seen, ports.history)) return undefined;
  const past = await givenUpNow(seen, ports);
  if (past.kind === "same-episode") return undefined;
  const now = situationOf(seen, await askVetoes(seen, ports), ports);
  const situation = past.kind === "stands" ? { ...now, givenUp: past.givenUp } : now;
  const first = decide(situation);
  return first && { situation, first };
}

/** Asked for the first time it begins, and is not begun again. */
function lazily<Found>(ask: () => Promise<Found>): () => Promise<Found> {
  let asked: Promise<Found> | undefined;
  return () => (asked ??= ask());
}

/** Not while it is rolled back, or another target that has a Deployment in common with it. */
function mayDecideOn(policy: Policy, { mayDecide, history, sharing }: PassPorts): boolean {
  return mayDecide() && underWay(policy, sharing, history) === undefined;
}

/** For whoever looks for the cause; nothing is decided by it. */
async function lookInto(release: Release | undefined, ports: PassPorts): Promise<ReleaseContext | undefined> {
  return release && ports.lookInto?.(release);
}

/**
 * The precheck may take its time, so all is weighed anew before the very last look. Undefined: it took so
 * long that what was measured is old; the next slot decides, and does not ask it again.
 */
async function withLastLooks(
  first: Decided,
  before: Situation,
  seen: Seen,
  ports: PassPorts & {
    /** What costs no time of its own beside the very last look. */
    readonly beside: () => unknown;
  },
): Promise<Situation | undefined> {
  const { precheck, beside } = ports;
  const { release } = before;
  if (precheck === undefined || release === undefined || first.to === undefined) {
    beside();
    return withConfirmation(first, before, ports);
  }
  const { policy } = seen;
  const change = {
    policy,
    target: targetKey(policy),
    release: release.id,
    from: release.revision,
    to: first.to,
  };
  const objection = await precheck.ask(change, first.decision.reason);
  if (objection === undefined && ports.now() - seen.at >= policy.intervalMs) return undefined;
  const situation = situationOf(seen, await askVetoes(seen, ports), ports);
  if (objection !== undefined) return { ...situation, objection };
  beside();
  const now = decide(situation);
  return now !== undefined && wouldAct(now) ? withConfirmation(now, situation, ports) : situation;
}

type WeighPorts = Pick<PassPorts, "history" | "reports" | "gates" | "massBreach" | "sharing" | "skewMs">;

/** Everything that the decision about what was seen depends on. */
export function situationOf(seen: Seen, vetoes: Vetoes, ports: WeighPorts): Situation {
  const { at, policy, facts, unseen, watched } = seen;
  const target = targetKey(policy);
  const firing = policy.triggers.flatMap((trigger) => firingOf(seen, trigger, vetoes, ports));
  const clash = firing.length === 0 ? undefined : clashOf(ports.sharing());
  const verified = ports.history.verified(target);
  return {
    at,
    policy,
    firing,
    release: facts?.release,
    ...(unseen !== undefined && { unseen }),
    earlier: facts?.earlier ?? [],
    predecessorBreaching: wasBreachingBefore(policy, watched, facts?.release),
    rollbacks: facts?.rollbacks ?? ports.history.rollbacks(target),
    lastAttemptAt: ports.history.lastAttemptAt(target),
    unconfirmedAt: ports.history.unconfirmedAt(target),
    reports: ports.reports().reports,
    owners: facts?.owners ?? [],
    heldBack: facts?.heldBack ?? [],
    ...(clash !== undefined && { clash }),
    ...(verified && { verified }),
    gates: gatesNow(policy, ports),
    confirmation: undefined,
  };
}

function firingOf(
  { at, policy, facts, watched }: Seen,
  trigger: Trigger,
  vetoes: Vetoes,
  ports: WeighPorts,
): readonly FiringTrigger[] {
  const track = watched.get(trigger.name)?.track;
  if (track === undefined) return [];
  const { intervalMs } = policy;
  const skewMs = ports.skewMs();
  // A meaning that the log does not know yet is as new as can be.
  const loadedAt = ports.history.loadedAt(policy.name, trigger.name, trigger.hash) ?? at;
  const veto = vetoes.get(trigger.name);
  const answer = answerFor(ports.history.approvals(policy.name), trigger.name, facts?.release.id, at);
  const release = facts && onTriggerClock(facts.release, { trigger, skewMs, intervalMs });
  const judged = track.firing.map((status) => ({
    status,
    blame: blameFor({ trigger, intervalMs }, { track, status }, release),
  }));
  // Of several series that fire, one that the release is to blame for is enough.
  const chosen = judged.find(({ blame: found }) => found?.verdict === "blamed") ?? judged[0];
  if (chosen === undefined) return [];
  return [
    {
      trigger,
      ...chosen,
      loadedAt: loadedAt + aheadMs(trigger, skewMs),
      aheadMs: aheadMs(trigger, skewMs),
      ...(answer && { answer }),
      ...(veto && { veto }),
    },
  ];
}

/** A rollout that is stalled, and what is in its images, is the release's own, and was seen in the same look. */
function blameFor(
  { trigger, intervalMs }: { readonly trigger: Trigger; readonly intervalMs: number },
  { track, status: { window, series } }: { readonly track: Track; readonly status: TriggerStatus },
  release: Release | undefined,
): Blame | undefined {
  const basis = basisFor(track, release, series);
  if (release === undefined || basis === undefined) return undefined;
  const rangeMs = trigger.kind === "metric" ? trigger.rangeMs : 0;
  const windowMs = pastWindowMs(trigger, intervalMs);
  const found = blame(release, basis, { from: window.from, rangeMs, windowMs });
  const isItsOwn = trigger.kind === "rollout" || trigger.kind === "vulnerability";
  return isItsOwn ? { ...found, verdict: "blamed" } : found;
}

/** Nothing but a person's word, or their wish only to observe, stands between this decision and an act. */
function wouldAct({ decision }: Decided): boolean {
  return ["rollback", "awaiting-approval", "observe-mode"].includes(decision.reason);
}

/** What a second look says. A trigger that it does not confirm gives way to another one that would act as well. */
async function withConfirmation(
  { firing, to }: Decided,
  situation: Situation,
  ports: PassPorts,
): Promise<Situation> {
  const { release } = situation;
  if (release === undefined) return situation;
  const [confirmation, needed] = await Promise.all([
    confirm(situation.policy, firing, release, ports),
    to && ports.lookForNeeded?.(release.revision, to),
  ]);
  // Others may have begun to fire while Prometheus was asked again.
  await ports.member.othersMeasured();
  const looked = {
    ...situation,
    gates: gatesNow(situation.policy, ports),
    confirmation,
    ...(needed && { needed }),
  };
  if (confirmation.notFiring === undefined) return looked;
  const others = { ...situation, firing: situation.firing.filter((other) => other !== firing) };
  const next = decide(others);
  return next !== undefined && wouldAct(next) ? withConfirmation(next, others, ports) : looked;
}

function gatesNow(policy: Policy, ports: WeighPorts): Situation["gates"] {
  return { ...ports.gates(policy), massBreach: ports.massBreach(targetKey(policy)) };
}

/** A rollback is never "recorded already": once it has ended, firing again is another decision. */
function isRecorded({ decision }: Decided, { release, policy }: Situation, ports: PassPorts): boolean {
  const last = ports.history.lastDecision(policy.name);
  return (
    decision.decision !== "rollback" &&
    last?.release === release?.id &&
    last?.decision === decision.decision &&
    last.reason === decision.reason &&
    !(last.approveUntil !== undefined && isAnswered(last.decisionId, ports))
  );
}

/** Whatever still asks then is another trigger, which nobody has been asked about. */
function isAnswered(decisionId: string, { history }: PassPorts): boolean {
  const asked = history.approval(decisionId);
  return asked !== undefined && !isOpen(asked);
}

async function carryOut(
  decided: Decided,
  situation: Situation,
  seen: Seen & { readonly context: ReleaseContext | undefined },
  ports: PassPorts,
): Promise<void> {
  const decisionId = ports.newDecisionId(seen.at);
  const { context } = seen;
  const body = {
    ...decisionRecord(decisionId, decided, situation, seen.watched),
    ...(context && { context }),
  };
  const record = await ports.record(body);
  if (record === undefined) {
    tellBlocked(decisionId, situation, seen, ports);
    return;
  }
  ports.metrics.decisions.inc({ decision: body.decision, reason: body.reason });
  const { release } = situation;
  if (decided.decision.decision !== "rollback" || !release || !decided.to || !seen.facts) return;
  const order = {
    decisionId,
    policy: seen.policy,
    target: targetKey(seen.policy),
    release: release.id,
    uid: seen.facts.uid,
    releasedAt: release.startedAt,
    from: release.revision,
    to: decided.to,
    trigger: decided.firing.trigger.name,
    fired: situation.firing.map(({ trigger }) => trigger.name),
    reason: decided.firing.status.reason,
  };
  ports.precheck?.forget();
  await ports.begin(order, decided.firing);
}

/** The log did not take the decision, so it cannot be carried out: what people are told is the one that holds now. */
function tellBlocked(decisionId: string, situation: Situation, seen: Seen, ports: PassPorts): void {
  const now = { ...situation, gates: gatesNow(seen.policy, ports) };
  const decided = decide(now);
  if (decided !== undefined) ports.tellUnlogged(decisionRecord(decisionId, decided, now, seen.watched));
}
