import { movedTags } from "../decisions/moved-tags.ts";
import { unseenNeeds } from "../decisions/needed.ts";
import { afterEffects } from "../decisions/gitops.ts";
import { templateNow } from "../decisions/held-back.ts";
import { type ByHand, decideByHand } from "../decisions/manual.ts";
import type { Situation } from "../decisions/situation.ts";
import { wasBreachingBefore } from "../decisions/track.ts";
import type { DecisionRecord } from "../log/record.ts";
import type { GitOpsOwner } from "../releases/gitops-owner.ts";
import type { HeldBack } from "../releases/held-back.ts";
import type { Needed } from "../releases/release-context.ts";
import { type Release, type Revision, recorded, revisionText } from "../releases/release.ts";
import { revisionDiff } from "../releases/template-diff.ts";
import type { Lookup } from "../releases/watch.ts";
import { type Policy, targetKey } from "../rules/policy.ts";
import type { Asker, Commands, ManualRollback, Refusal, RevisionText, RollbackPlan } from "./commands.ts";
import { byHand } from "./decision-record.ts";
import type { GatesOf } from "./gates.ts";
import type { History } from "./history.ts";
import type { OneAtATime } from "./one-at-a-time.ts";
import type { RecordInLog } from "./ports.ts";
import { refused, unknownPolicy, UNWRITABLE } from "./refusals.ts";
import { MANUAL } from "./rollbacks.ts";
import type { RunningPolicy } from "./run-policy.ts";
import { clashOf, sharingWith } from "./sharing.ts";
import { withMemory } from "./target-facts.ts";
import { underWay } from "./under-way.ts";

/** As much of a running policy as a person's decision needs. */
export type Handled = Pick<
  RunningPolicy,
  | "policy"
  | "carried"
  | "watch"
  | "reports"
  | "begin"
  | "reconsider"
  | "precheck"
  | "lookInto"
  | "askOwners"
  | "lookForNeeded"
  | "mayDecide"
>;

export interface ManualPorts {
  readonly running: () => readonly Handled[];
  readonly history: History;
  readonly record: RecordInLog;
  readonly gates: GatesOf;
  readonly massBreach: (target: string) => string | undefined;
  readonly oneAtATime: OneAtATime;
  readonly newDecisionId: (at: number) => string;
  readonly now: () => number;
}

interface Weighed {
  readonly ok: true;
  readonly running: Handled;
  readonly uid: string;
  readonly release: Release;
  readonly to: Revision;
  readonly owners: readonly GitOpsOwner[];
  readonly heldBack: readonly HeldBack[];
  readonly needed?: Needed;
  readonly plan: RollbackPlan;
}

export function createManual(ports: ManualPorts): Pick<Commands, "plan" | "rollback"> {
  return {
    plan: async (name, request) => {
      const weighed = await weigh(name, request, ports);
      return weighed.ok ? { ok: true, plan: weighed.plan } : weighed;
    },
    rollback: async (name, request, by) => {
      const running = ports.running().find(({ policy }) => policy.name === name);
      const key = running === undefined ? "" : targetKey(running.policy);
      return ports.oneAtATime(key, async () => {
        const weighed = await weigh(name, request, ports);
        return weighed.ok ? carryOut(weighed, request, by, ports) : weighed;
      });
    },
  };
}

async function weigh(
  name: string,
  { to, release: planned, maintenance }: ManualRollback,
  ports: ManualPorts,
): Promise<Weighed | Refusal> {
  const running = ports.running().find(({ policy }) => policy.name === name);
  if (running === undefined) return unknownPolicy(name);
  const target = targetKey(running.policy);
  if (!running.mayDecide()) return beingReplaced(name);
  const open = underWay(running.policy, () => sharingWith(running.policy, ports.running()), ports.history);
  if (open !== undefined) {
    const detail = `Rollback ${open.started.decisionId} of ${open.started.target} is under way. Wait for its end: rollbackd log show ${open.started.decisionId}.`;
    return refused("rollback-under-way", detail);
  }
  const lookup = await look(running);
  if (!lookup.ok) {
    const detail = `What ${target} runs cannot be seen: ${lookup.detail.replace(/\.$/u, "")}. Nothing is done to a target that cannot be seen; ask again once it can.`;
    return refused("target-not-seen", detail);
  }
  const now = lookup.snapshot.release.id;
  if (planned !== undefined && planned !== now) {
    const detail = `${target} runs ${now} by now, not ${planned}, which is what was to be rolled back. Look at what runs now, and ask for a new plan.`;
    return refused("superseded", detail);
  }
  const situation = await withOwnersAsked(situationOf(running, lookup, ports), running);
  const { decided, needed } = await decideWithLooks(situation, to, running);
  // It may have been let go while the precheck ran.
  if (!running.mayDecide()) return beingReplaced(name);
  if (!decided.ok) return { ...decided, kind: "refused" };
  const { release, to: chosen, warnings } = decided;
  const { owners = [], heldBack = [] } = situation;
  const plan: RollbackPlan = {
    policy: name,
    target,
    release: release.id,
    from: textOf(release.revision),
    to: textOf(chosen),
    diff: revisionDiff(lookup.snapshot.templates, templateNow(release.revision, heldBack), chosen),
    warnings: [
      ...vetoes(name, ports.history),
      ...(maintenance === true ? unannounced(running.policy) : []),
      ...warnings,
    ],
  };
  const ofCluster = { uid: lookup.snapshot.uid, owners, heldBack, ...(needed && { needed }) };
  return { ok: true, running, ...ofCluster, release, to: chosen, plan };
}

async function withOwnersAsked(situation: Situation, { askOwners }: Handled): Promise<Situation> {
  const { owners = [] } = situation;
  return askOwners === undefined ? situation : { ...situation, owners: await askOwners(owners) };
}

function beingReplaced(name: string): Refusal {
  const detail = `The rules of ${name} are being replaced. Ask again in a moment.`;
  return { ok: false, kind: "unavailable", detail };
}

/** What the policy's author says explains the failure better than the release; whoever decides may know more. */
function vetoes(policy: string, history: History): readonly string[] {
  const { reason, veto } = history.lastDecision(policy) ?? {};
  return reason === "vetoed" && veto !== undefined
    ? [`This keeps automation from acting (vetoed): ${veto.detail}.`]
    : [];
}

/** Whoever asks for maintenance counts on users being told. */
function unannounced({ name, notify }: Policy): readonly string[] {
  return notify.includes("statuspage")
    ? []
    : [`No maintenance is announced to users: \`notify\` of ${name} does not name \`statuspage\`.`];
}

/** A person may not undo either what cannot be undone, nor go back to what would not start. */
async function decideWithLooks(
  situation: Situation,
  to: string | undefined,
  { policy, precheck, lookForNeeded }: Handled,
): Promise<{ readonly decided: ByHand; readonly needed?: Needed }> {
  const first = decideByHand(situation, to);
  if (!first.ok) return { decided: first };
  const { id, revision } = first.release;
  const change = { policy, target: targetKey(policy), release: id, from: revision, to: first.to };
  const [objection, needed] = await Promise.all([precheck?.(change), lookForNeeded?.(revision, first.to)]);
  const looked = { ...situation, ...(objection && { objection }), ...(needed && { needed }) };
  return { decided: decideByHand(looked, to), ...(needed && { needed }) };
}

/** A target whose version nobody can tell is as it was last taken to be, as for automation. */
async function look({ watch }: Handled): Promise<Lookup> {
  const lookup = await watch.reread();
  return !lookup.ok && lookup.reason === "unknown-version" ? watch.current() : lookup;
}

function situationOf(
  { policy, carried, reports }: Handled,
  { snapshot }: Extract<Lookup, { ok: true }>,
  { history, gates, massBreach, now, running }: ManualPorts,
): Situation {
  const target = targetKey(policy);
  const { release, earlier, rollbacks, owners, heldBack } = withMemory(snapshot, history);
  const clash = clashOf(sharingWith(policy, running()));
  return {
    at: now(),
    policy,
    firing: [],
    release,
    earlier,
    predecessorBreaching: wasBreachingBefore(policy, carried().watched, release),
    rollbacks,
    lastAttemptAt: history.lastAttemptAt(target),
    reports: reports().reports,
    owners,
    heldBack,
    ...(clash !== undefined && { clash }),
    gates: { ...gates(policy), massBreach: massBreach(target) },
    confirmation: undefined,
  };
}

async function carryOut(
  weighed: Weighed,
  request: ManualRollback,
  by: Asker,
  ports: ManualPorts,
): ReturnType<Commands["rollback"]> {
  const { running, uid, release, to, plan, heldBack } = weighed;
  const { policy } = running;
  const { reason, note, maintenance } = request;
  const decisionId = ports.newDecisionId(ports.now());
  const asked = await ports.record({
    type: "operator.rollback",
    policy: policy.name,
    target: plan.target,
    decisionId,
    by,
    reason,
    ...(note !== undefined && { note }),
    ...(request.to !== undefined && { to: request.to }),
    ...(maintenance === true && { maintenance }),
  });
  if (asked === undefined) return UNWRITABLE;
  const context = await running.lookInto?.(release);
  const decision = { ...decisionOf(weighed, request, by, decisionId), ...(context && { context }) };
  if ((await ports.record(decision)) === undefined) return UNWRITABLE;
  const mustRecover = [...running.carried().watched]
    .filter(([, { track }]) => track.status.state === "firing")
    .map(([name]) => name);
  const order = {
    decisionId,
    policy,
    target: plan.target,
    release: release.id,
    uid,
    releasedAt: release.startedAt,
    from: release.revision,
    to,
    reason: `${reason}, asked for by ${by}`,
    staged: heldBack.flatMap(({ staged }) => staged ?? []),
    manual: { mustRecover },
  };
  if (!(await running.begin(order, undefined))) return UNWRITABLE;
  return { ok: true, decisionId, plan };
}

function decisionOf(
  { running: { policy }, release, to, owners, plan, needed }: Weighed,
  { reason, note }: ManualRollback,
  by: Asker,
  decisionId: string,
): DecisionRecord {
  const why = note === undefined ? "" : ` (${note})`;
  const data =
    reason === "data-corruption" ? ["Code is rolled back; data is not: it must be repaired separately."] : [];
  const act =
    `${by} asked for it: ${reason}${why}. Rolling back from ${revisionText(release.revision)} ` +
    `to ${revisionText(to)}; then it is verified.`;
  return {
    type: "decision.made",
    policy: policy.name,
    target: plan.target,
    release: release.id,
    decisionId,
    decision: "rollback",
    reason: "rollback",
    otherReasons: [],
    trigger: MANUAL,
    summary: [
      act,
      ...data,
      ...unseenNeeds({ ...(needed && { needed }) }),
      ...movedTags(release.revision, to),
      ...afterEffects({ policy, owners }),
    ].join(" "),
    ...(owners.length > 0 && { owners }),
    from: recorded(release.revision),
    to: recorded(to),
    ...byHand(policy, to),
    evidence: [],
    ...(policy.runbook !== undefined && { runbook: policy.runbook }),
    manual: { reason, by, ...(note !== undefined && { note }) },
  };
}

function textOf({ name, digest, standing, images }: Revision): RevisionText {
  return { revision: name, digest, standing, images };
}
