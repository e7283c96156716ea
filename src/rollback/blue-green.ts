import { formatDuration } from "../text/format.ts";
import type { KubeApi } from "../kubernetes/api.ts";
import { KubeError } from "../kubernetes/error.ts";
import type { Deployment, Service } from "../kubernetes/objects.ts";
import { describe } from "../kubernetes/resource.ts";
import { readSides } from "../releases/blue-green-read.ts";
import {
  type Colors,
  serviceRef,
  type Side,
  type Sides,
  sidesOf,
  withoutColor,
} from "../releases/blue-green-sides.ts";
import { selectorApplier } from "../releases/blue-green-switch.ts";
import { digestAmong } from "../releases/deployment-digest.ts";
import { revisionOf } from "../releases/deployment-history.ts";
import { rememberedRollbacks } from "../releases/deployment-marks.ts";
import { deploymentRef } from "../releases/deployment-read.ts";
import { rolloutStatus } from "../releases/deployment-rollout.ts";
import type { ActOutcome, Applied, Failed, RollbackOrder, Runs, Shown, Strategy } from "./act.ts";
import { afterError, doneByPeer, unchanged } from "./attempts.ts";
import { scalePatch, switchPatch } from "./blue-green-patch.ts";
import { isDone, notesWith } from "./own-write.ts";
import { patchIfUnchanged } from "./patch.ts";

export interface BlueGreenStrategyOptions {
  readonly api: KubeApi;
  readonly colors: Colors;
  /** Epoch ms. */
  readonly now: () => number;
  /** Bound on one try. Default 30 s. */
  readonly boundMs?: number;
}

/**
 * Has the Service select the other colour again, once that has as many ready pods as the live one. Neither template
 * is touched, and no colour is ever scaled down. Every try reads and checks anew and takes the next step, so that it
 * can be begun again at any point; until the switch, which is one change, the live colour serves as before.
 */
export function blueGreenStrategy(options: BlueGreenStrategyOptions): Strategy {
  const inspect = inspectWith(options);
  const settle = settleWith(options);
  // What the other colour runs since it was scaled, by decision.
  const became = new Map<string, Runs>();
  const step = async (order: RollbackOrder, signal: AbortSignal): Promise<ActOutcome> => {
    const current = running(order, became.get(order.decisionId) ?? order.to);
    const taken = await attempt(options, current, signal);
    if (taken.kind === "waiting") {
      if (taken.runs !== undefined) became.set(order.decisionId, taken.runs);
      return { kind: "again", failure: notReady(order, taken) };
    }
    return taken.kind === "applied" ? { ...taken, ...runsInstead(order, current.to.digest) } : taken;
  };
  const tryIt = async (once: typeof step, order: RollbackOrder, signal: AbortSignal): Promise<ActOutcome> => {
    try {
      return await once(order, AbortSignal.any([signal, AbortSignal.timeout(options.boundMs ?? 30_000)]));
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      const outcome = await afterError(error, serviceRef(order.target), () => inspect(order));
      return outcome === "applied" ? settle(order, signal) : outcome;
    }
  };
  return {
    repeatable: true,
    inspect,
    settle,
    act: (order, signal) => tryIt(step, order, signal),
    rehearse: (order, signal) => tryIt((...asked) => rehearsed(options, ...asked), order, signal),
  };
}

interface Waiting {
  readonly kind: "waiting";
  readonly detail: string;
  /** What the other colour runs since it was scaled, where admission changed its template. */
  readonly runs?: Runs;
}

function inspectWith({
  api,
  colors,
}: BlueGreenStrategyOptions): (order: RollbackOrder) => Promise<Extract<Shown, string>> {
  return async (order) => {
    try {
      const { service, deployments } = await readSides(api, order.target);
      if (service.metadata.uid !== order.uid) return "moved";
      if (isDone(order, service)) return "applied";
      const sides = sidesOf(service, deployments, colors);
      return sides.ok && runs(sides.live, order.from.digest, colors) ? "not-applied" : "moved";
    } catch (error) {
      return error instanceof KubeError && error.kind === "not-found" ? "moved" : "not-observable";
    }
  };
}

/** The digest of what the act switched to is noted on the Service. One that cannot be read is taken to be as ordered. */
function settleWith({ api }: BlueGreenStrategyOptions): NonNullable<Strategy["settle"]> {
  return async (order, signal) => {
    const done = applied(order, "the Service shows it");
    try {
      const service = await api.get<Service>(serviceRef(order.target), signal);
      return { ...done, ...runsInstead(order, notedDigest(order, service)) };
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return done;
    }
  };
}

function notedDigest({ decisionId, to }: RollbackOrder, service: Pick<Service, "metadata">): string {
  return rememberedRollbacks(service, []).find(({ decision }) => decision === decisionId)?.to ?? to.digest;
}

function running(order: RollbackOrder, runs: Runs): RollbackOrder {
  return { ...order, to: { ...order.to, digest: runs.digest } };
}

/** Admission may change the template of the other colour when that is scaled. */
function runsInstead({ to }: RollbackOrder, digest: string): Pick<Applied, "runs"> {
  return digest === to.digest ? {} : { runs: { digest } };
}

function runs({ deployment }: Side, digest: string, { label }: Colors): boolean {
  return digestAmong(withoutColor(deployment, label).spec.template, [digest]) === digest;
}

/** One read, check and change. Throws KubeError. */
async function attempt(
  options: BlueGreenStrategyOptions,
  order: RollbackOrder,
  signal: AbortSignal,
): Promise<ActOutcome | Waiting> {
  const { api, colors } = options;
  const { service, deployments } = await readSides(api, order.target, signal);
  const ground = check(order, service, sidesOf(service, deployments, colors), colors);
  if (!("to" in ground)) return ground;
  const waiting =
    (await scaleUp(api, { ...ground, digest: order.to.digest }, colors, signal)) ?? gettingReady(ground.to);
  if (waiting !== undefined) return waiting;
  await doSwitch(options, order, { service, to: ground.to }, signal);
  const { replicas } = ground.to.deployment.spec;
  const done = applied(order, `${replicas ?? 1} of its pods were ready before`);
  const applier = selectorApplier(service, colors.label);
  return applier === undefined ? done : { ...done, detail: `${done.detail} ${nextApply(order, applier)}` };
}

/** The selector stays rollbackd's, which is how a later start recognises the switch. */
function nextApply({ target }: RollbackOrder, applier: string): string {
  return (
    `Its selector belongs to the field manager rollbackd now: the next server-side apply that selects the other colour ` +
    `is refused. Apply ${describe(serviceRef(target))} once with: kubectl apply --server-side --force-conflicts ` +
    `--field-manager=${applier} -f FILE`
  );
}

/** Scaling and switch are tried on the API server, whether pods are ready or not, and nothing is changed. */
async function rehearsed(
  { api, colors, ...options }: BlueGreenStrategyOptions,
  order: RollbackOrder,
  signal: AbortSignal,
): Promise<ActOutcome> {
  const dry: KubeApi = { ...api, patch: (ref, patch, by) => api.patch(ref, { ...patch, dryRun: true }, by) };
  const { service, deployments } = await readSides(api, order.target, signal);
  const ground = check(order, service, sidesOf(service, deployments, colors), colors);
  if (!("to" in ground)) return ground;
  await scaleUp(dry, { ...ground, digest: order.to.digest }, colors, signal);
  await doSwitch({ ...options, api: dry, colors }, order, { service, to: ground.to }, signal);
  return applied(order, "the switch would be made");
}

interface Ground {
  readonly from: Side;
  readonly to: Side;
}

/** What the order is about as it is now; or why it must not be carried out, or that it was. */
function check(
  order: RollbackOrder,
  { metadata, ...service }: Service,
  sides: ReturnType<typeof sidesOf>,
  colors: Colors,
): Ground | ActOutcome {
  const what = describe(serviceRef(order.target));
  if (metadata.uid !== order.uid) {
    return unchanged(
      "superseded",
      `${what} was deleted and made anew since the decision; nothing was changed.`,
    );
  }
  if (isDone(order, { metadata })) {
    const done = applied(order, "an earlier attempt of the same decision did it");
    return { ...done, ...runsInstead(order, notedDigest(order, { metadata })) };
  }
  if (metadata.deletionTimestamp !== undefined) {
    return unchanged("target-missing", `${what} is being deleted; nothing was changed.`);
  }
  if (!sides.ok || !runs(sides.live, order.from.digest, colors)) {
    const selects = `${colors.label}=${service.spec.selector?.[colors.label] ?? ""}`;
    const now = sides.ok ? `it selects ${selects}, which runs something else` : sides.detail;
    const detail = `${what} no longer serves ${order.from.name}: ${now}; it was changed since the decision, and nothing was switched.`;
    return doneByPeer(order, { metadata }) ?? unchanged("superseded", detail);
  }
  return ready(order, sides, colors);
}

function ready(order: RollbackOrder, { live, other }: Sides, colors: Colors): Ground | ActOutcome {
  const next = "Nothing was switched; deploy a good version by hand.";
  if (!other.ok)
    return unchanged("revision-missing", `Nothing holds ${order.to.name} any more: ${other.detail}. ${next}`);
  return runs(other, order.to.digest, colors)
    ? { from: live, to: other }
    : unchanged(
        "revision-missing",
        `${describe(refOf(other))} runs something else than ${order.to.name} since the decision. ${next}`,
      );
}

/** To what the live colour has, whoever scaled that meanwhile; what has more keeps it. Throws KubeError. */
async function scaleUp(
  api: KubeApi,
  { from, to, digest: ordered }: Ground & { readonly digest: string },
  { label }: Colors,
  signal: AbortSignal,
): Promise<Waiting | undefined> {
  const has = to.deployment.spec.replicas ?? 1;
  const needed = Math.max(1, from.deployment.spec.replicas ?? 1);
  if (has >= needed) return undefined;
  const scaled = await patchIfUnchanged<Deployment>(
    api,
    refOf(to),
    scalePatch(to.deployment, needed),
    signal,
  );
  const digest = digestAmong(withoutColor(scaled, label).spec.template, [ordered]);
  return {
    kind: "waiting",
    detail: `${to.color} was scaled from ${has} to ${needed} pods just now`,
    runs: { digest },
  };
}

function gettingReady({ color, deployment }: Side): Waiting | undefined {
  const { complete, detail } = rolloutStatus(deployment, 0);
  return complete ? undefined : { kind: "waiting", detail: `${color}: ${detail}` };
}

async function doSwitch(
  { api, colors, now }: BlueGreenStrategyOptions,
  order: RollbackOrder,
  { service, to }: { readonly service: Service; readonly to: Side },
  signal: AbortSignal,
): Promise<void> {
  const seen = { at: now(), revision: revisionOf(to.deployment) };
  const notes = notesWith(order, seen, rememberedRollbacks(service, []));
  const selected = { label: colors.label, color: to.color };
  await patchIfUnchanged(api, serviceRef(order.target), switchPatch(service, selected, notes), signal);
}

function refOf({ deployment: { metadata } }: { readonly deployment: Deployment }) {
  return deploymentRef(`${metadata.namespace}/${metadata.name}`);
}

function applied({ target, to }: RollbackOrder, how: string): Applied {
  const images = Object.values(to.images).join(", ");
  const detail = `${describe(serviceRef(target))} serves ${to.name}${images && ` (${images})`} again: ${how}.`;
  return { kind: "applied", detail };
}

function notReady({ policy, target, from, to }: RollbackOrder, { detail }: Waiting): Failed {
  return unchanged(
    "target-not-ready",
    `${to.name} did not get ready within ${formatDuration(policy.rollback.timeoutMs)} (${detail}), so nothing was ` +
      `switched: ${describe(serviceRef(target))} still serves ${from.name}.`,
  );
}
