import type { Logger } from "pino";
import type { KubeApi } from "../kubernetes/api.ts";
import type { DecisionRecord } from "../log/record.ts";
import type { AskOwners } from "../rollback/gitops/restoring.ts";
import type { LookForNeeded, LookInto } from "../releases/release-context.ts";
import type { TargetWatch } from "../releases/watch.ts";
import { type Policy, targetKey } from "../rules/policy.ts";
import type { Probe } from "../signals/probe.ts";
import { type Prober, startProber } from "../signals/prober.ts";
import type { Prometheus } from "../signals/prometheus.ts";
import { type Precheck, precheckWith } from "../rollback/precheck.ts";
import { createSampler } from "../signals/sampler.ts";
import type { ServerClock } from "../signals/server-clock.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { verifyRollback } from "../verification/verify.ts";
import { type Checkpoints, createCheckpoints } from "./checkpoints.ts";
import { type Fleet, heatOnRecord } from "./fleet.ts";
import type { GatesOf } from "./gates.ts";
import type { History } from "./history.ts";
import { type PolicyReports, reportsFor, type ReportSources } from "./image-reports.ts";
import type { OneAtATime } from "./one-at-a-time.ts";
import { type Carried, NOTHING_CARRIED } from "./pass.ts";
import type { RecordInLog } from "./ports.ts";
import { precheckOnce } from "./precheck-once.ts";
import { createRecheck } from "./recheck.ts";
import { createRollbacks, type Rollbacks } from "./rollbacks.ts";
import { type PolicyPasses, type RunningPolicy, runPolicy, type RunPolicyPorts } from "./run-policy.ts";
import { sharingWith } from "./sharing.ts";
import { type TargetParts, targetParts } from "./target-parts.ts";

/** What all policies of the process share. */
export interface Shared {
  readonly prometheus: Prometheus;
  readonly probe: Probe;
  readonly history: History;
  readonly record: RecordInLog;
  readonly fleet: Fleet;
  readonly gates: GatesOf;
  readonly oneAtATime: OneAtATime;
  readonly reportSources: ReportSources;
  readonly tellUnlogged: (decision: DecisionRecord) => void;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly environment: NodeJS.ProcessEnv;
  readonly secrets: () => readonly string[];
  readonly newDecisionId: (at: number) => string;
  /** What Prometheus is asked about is told in its own time. */
  readonly slotClock: ServerClock;
  readonly argocdNamespace: string;
  /** All policies, those that are not let go of yet, too. */
  readonly running: () => readonly RunningPolicy[];
  readonly now: () => number;
}

/** Puts one policy together and runs it. `kube` is needed for targets in a cluster. */
export function assemblePolicy(policy: Policy, shared: Shared, kube: KubeApi | undefined): RunningPolicy {
  const parts = targetParts(policy, shared, kube);
  const { watch, lookInto, lookForNeeded, askOwners } = parts;
  const probers = startProbers(policy, shared);
  const reports = reportsFor(policy, shared.reportSources, kube);
  const skewMs = (): number => shared.slotClock.now() - shared.now();
  const stopping = new AbortController();
  const retiring = new AbortController();
  const spec = policy.rollback.precheck;
  const precheck = spec && precheckWith(spec, { ...shared, signal: stopping.signal });
  const sampler = createSampler(shared.prometheus, policy.intervalMs);
  const checkpoints = createCheckpoints(policy, { ...shared, skewMs, sampler });
  let passes: PolicyPasses | undefined;
  const carried = (): Carried => passes?.carried() ?? NOTHING_CARRIED;
  const measured = { skewMs, sampler, reports: reports.known, checkpoints, probers };
  const pass = passPorts(policy, shared, { ...parts, ...measured, precheck });
  const rollbacks = createRollbacks(policy, {
    ...shared,
    ...parts,
    skewMs,
    recheck: createRecheck(policy, {
      pass,
      carried,
      isRetiring: () => retiring.signal.aborted,
      ...(precheck && { precheck }),
    }),
    verify: (order, appliedAt, signal, onWaiting) => {
      const triggers = () => [...carried().watched.values()].map(({ track }) => track.status);
      return verifyRollback(order, appliedAt, { ...shared, watch, triggers, onWaiting }, signal);
    },
  });
  passes = runPolicy(policy, { ...pass, ...rollbacks });
  rollbacks.resume();
  return runningPolicy(policy, passes, {
    rollbacks,
    watch,
    probers,
    reports,
    checkpoints,
    precheck,
    lookInto,
    askOwners,
    lookForNeeded,
    stopping,
    retiring,
  });
}

/** What its passes need, but for what begins a rollback. */
function passPorts(
  policy: Policy,
  shared: Shared,
  {
    probers,
    precheck,
    ...own
  }: TargetParts &
    Pick<RunPolicyPorts, "skewMs" | "sampler" | "reports" | "checkpoints"> & {
      readonly probers: ReadonlyMap<string, Prober>;
      readonly precheck: Precheck | undefined;
    },
): Omit<RunPolicyPorts, "begin" | "wouldPass"> {
  return {
    ...shared,
    ...own,
    ...(precheck && { precheck: precheckOnce(precheck) }),
    instant: shared.prometheus.instant,
    probeResults: ({ name }) => probers.get(name)?.samples() ?? [],
    massBreach: shared.fleet.massBreach,
    member: shared.fleet.join(policy.name, targetKey(policy), heatOnRecord(policy.name, shared.history)),
    sharing: () => sharingWith(policy, shared.running()),
  };
}

function runningPolicy(
  policy: Policy,
  passes: PolicyPasses,
  parts: {
    readonly rollbacks: Rollbacks;
    readonly checkpoints: Checkpoints;
    readonly watch: TargetWatch;
    readonly probers: ReadonlyMap<string, Prober>;
    readonly reports: PolicyReports;
    readonly precheck: Precheck | undefined;
    readonly lookInto: LookInto | undefined;
    readonly askOwners: AskOwners | undefined;
    readonly lookForNeeded: LookForNeeded | undefined;
    /** Ends what a pass waits for. */
    readonly stopping: AbortController;
    /** Ends the tries of a rollback that the rules no longer ask for. */
    readonly retiring: AbortController;
  },
): RunningPolicy {
  const { rollbacks, watch, probers, reports, checkpoints, precheck, stopping, retiring } = parts;
  const { lookInto, lookForNeeded, askOwners } = parts;
  const stop = async (): Promise<void> => {
    const passed = passes.stop();
    stopping.abort();
    await passed;
    await checkpoints.stop();
    await rollbacks.stop();
    await Promise.all([
      watch.stop(),
      reports.stop(),
      ...[...probers.values()].map((prober) => prober.stop()),
    ]);
  };
  return {
    policy,
    carried: passes.carried,
    watch,
    reports: reports.known,
    begin: rollbacks.begin,
    reconsider: passes.reconsider,
    ...(precheck && { precheck }),
    ...(lookInto && { lookInto }),
    ...(askOwners && { askOwners }),
    ...(lookForNeeded && { lookForNeeded }),
    mayDecide: passes.mayDecide,
    overdueMs: passes.overdueMs,
    retire: async () => {
      await passes.decideNoMore();
      retiring.abort();
      // Its verification needs the passes, the probes and the sight of the target until then.
      await rollbacks.ended();
      await stop();
    },
    stop,
  };
}

function startProbers(policy: Policy, { probe }: Shared): ReadonlyMap<string, Prober> {
  return new Map(
    policy.triggers.flatMap((trigger) => {
      if (trigger.kind !== "health") return [];
      const keep = 2 * trigger.failures + 2;
      return [[trigger.name, startProber({ spec: trigger.probe, probe, keep })] as const];
    }),
  );
}
