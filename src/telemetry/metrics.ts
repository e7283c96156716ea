import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

/** `rollbackd_trigger_state`: what each state is as a number. */
export const STATE_NUMBER = { inactive: 0, pending: 1, firing: 2, unknown: -1 } as const;

/** Seconds: an evaluation, a query or an append is quick, or something is wrong. */
const QUICK = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds: rollouts take minutes. */
const LONG = [1, 5, 15, 30, 60, 120, 300, 600, 1200, 3600];

export type Metrics = ReturnType<typeof createMetrics>;

/** All that the process measures of itself, in a registry of its own. Names and labels are a contract. */
export function createMetrics(version: string) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const build = gauge(registry, "build_info", "Always 1; the version is in the label", ["version", "node"]);
  build.set({ version, node: process.versions.node }, 1);
  return { registry, ...ofTriggers(registry), ...ofDecisions(registry), ...ofTheProcess(registry) };
}

function ofTriggers(registry: Registry) {
  const labels = ["policy", "trigger"] as const;
  return {
    triggerState: gauge(registry, "trigger_state", "0 inactive, 1 pending, 2 firing, -1 unknown", labels),
    triggerValue: gauge(registry, "trigger_value", "Newest known value, in the unit of the query", labels),
    windowCoverage: gauge(
      registry,
      "window_coverage_ratio",
      "Share of the window's slots that are known",
      labels,
    ),
    evaluationDuration: histogram(registry, "evaluation_duration_seconds", "One pass over a policy", {
      buckets: QUICK,
    }),
    evaluationsMissed: counter(
      registry,
      "evaluations_missed_total",
      "Slots that were not evaluated in time",
      ["policy"],
    ),
    queryDuration: histogram(
      registry,
      "query_duration_seconds",
      "Asking Prometheus, until its whole answer",
      { buckets: QUICK, labels: ["endpoint"] },
    ),
    prometheusClockSkew: gauge(
      registry,
      "prometheus_clock_skew_seconds",
      "Clock of Prometheus minus the one here, as of its last answer",
    ),
    targetStale: gauge(
      registry,
      "target_stale_seconds",
      "For how long the target has been out of sight; 0 while it is followed",
      ["policy"],
    ),
    queryFailures: counter(registry, "query_failures_total", "Answers that gave no usable value", ["reason"]),
  };
}

function ofDecisions(registry: Registry) {
  return {
    decisions: counter(registry, "decisions_total", "Decisions that were recorded", ["decision", "reason"]),
    rollbacks: counter(registry, "rollbacks_total", "Rollbacks by how they ended", ["outcome"]),
    rollbackDuration: histogram(registry, "rollback_duration_seconds", "From started to verified or failed", {
      buckets: LONG,
    }),
    decisionLag: histogram(
      registry,
      "decision_lag_seconds",
      "From the window being complete in Prometheus to the act being accepted by the target",
      { buckets: [...QUICK, 60, 120] },
    ),
    notifications: counter(registry, "notifications_total", "Messages by how their delivery ended", [
      "channel",
      "outcome",
    ]),
  };
}

function ofTheProcess(registry: Registry) {
  return {
    logHeadSeq: gauge(registry, "log_head_seq", "Number of the newest record of the decision log"),
    logAppendDuration: histogram(registry, "log_append_duration_seconds", "Until a record is on disk", {
      buckets: QUICK,
    }),
    rulesLoadSuccess: gauge(
      registry,
      "rules_load_success",
      "1 when the rules files as they are now are in force, else 0",
    ),
    leader: gauge(registry, "leader", "1 when this process may act, else 0"),
  };
}

function gauge<L extends string = never>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[] = [],
) {
  return new Gauge<L>({ name: `rollbackd_${name}`, help, labelNames, registers: [registry] });
}

function counter<L extends string>(registry: Registry, name: string, help: string, labelNames: readonly L[]) {
  return new Counter<L>({ name: `rollbackd_${name}`, help, labelNames, registers: [registry] });
}

function histogram<L extends string = never>(
  registry: Registry,
  name: string,
  help: string,
  { buckets, labels = [] }: { buckets: number[]; labels?: readonly L[] },
) {
  return new Histogram<L>({
    name: `rollbackd_${name}`,
    help,
    buckets,
    labelNames: labels,
    registers: [registry],
  });
}
