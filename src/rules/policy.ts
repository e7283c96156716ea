import type { StatusPage } from "./status-page.ts";

/**
 * A policy as the rest of the daemon sees it: defaults filled in, units resolved.
 * Durations are milliseconds (`…Ms`), thresholds are in the unit of the query's result.
 */

/** How far a rule may go, from least to most; a trigger can only stay behind its policy, never go beyond it. */
export type Mode = "observe" | "approve" | "enforce";

export type GitOpsMode = "refuse" | "suspend" | "warn";

/** How loud the page is that a trigger causes. */
export type Severity = "info" | "warning" | "error" | "critical";

export interface Threshold {
  readonly op: "above" | "below";
  /** In the unit of the query's result: seconds for durations, 0.05 for 5 %. */
  readonly value: number;
  /** As the author wrote it, for messages: `5%`, `2000ms`. */
  readonly text: string;
}

export type MetricQuery =
  | { readonly kind: "expr"; readonly expr: string }
  | { readonly kind: "ratio"; readonly errors: string; readonly total: string; readonly minTotal: number };

interface TriggerBase {
  readonly name: string;
  readonly mode: Mode;
  /** Absent where the author named none. */
  readonly severity?: Severity;
  /** PromQL of the policy's `unless` and of its own; a result of any that is not 0 is a veto. Absent where there is none. */
  readonly unless?: readonly string[];
  /** Identity of what this trigger means; a comment or a new order of keys does not change it. */
  readonly hash: string;
}

export interface MetricTrigger extends TriggerBase {
  readonly kind: "metric";
  readonly query: MetricQuery;
  readonly threshold: Threshold;
  readonly forMs: number;
  /** Share of known slots that must breach, 0 < ratio <= 1. */
  readonly breachRatio: number;
  /** Share of slots that must be known, 0 < ratio <= 1. */
  readonly minCoverage: number;
  /** Longest tolerated run of unknown slots. */
  readonly maxGapMs: number;
  /** How several series become one verdict; without it several series are an error. */
  readonly aggregate: "any" | "all" | "each" | undefined;
  /** A sample older than this is stale. Absent: twice the usual time between samples. */
  readonly maxSampleAgeMs?: number;
  /** How far back the query looks from its evaluation instant (longest range, nested subqueries added). */
  readonly rangeMs: number;
}

export interface ProbeSpec {
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Any 2xx where absent. */
  readonly expect?: ProbeExpectation;
  /** Whom a probe over https believes, where the authorities that Node brings along are not the ones. */
  readonly tls?: { readonly trust: "ca"; readonly file: string } | { readonly trust: "anybody" };
}

/** What a good answer looks like. */
export interface ProbeExpectation {
  /** Both ends included; one of them must hold. */
  readonly statuses: readonly { readonly from: number; readonly to: number }[];
  /** Text that the body must contain. */
  readonly body: string | undefined;
}

export interface HealthTrigger extends TriggerBase {
  readonly kind: "health";
  readonly probe: ProbeSpec;
  /** Consecutive failed probes that make it fire. */
  readonly failures: number;
}

/** Fires while the cluster has given up on the rollout of the release: its pods never became ready. */
export interface RolloutTrigger extends TriggerBase {
  readonly kind: "rollout";
}

/** How bad scanners call a vulnerability, from least to most. */
export const VULNERABILITY_SEVERITIES = ["unknown", "low", "medium", "high", "critical"] as const;

export type VulnerabilitySeverity = (typeof VULNERABILITY_SEVERITIES)[number];

/** Fires while a report about a running image lists a vulnerability that counts. */
export interface VulnerabilityTrigger extends TriggerBase {
  readonly kind: "vulnerability";
  /** This bad or worse. */
  readonly atLeast: VulnerabilitySeverity;
  /** Accepted for a time: until the instant (epoch ms) at which the last day is over, in UTC. */
  readonly ignore: readonly { readonly id: string; readonly endsAt: number; readonly reason: string }[];
}

export type Trigger = MetricTrigger | HealthTrigger | RolloutTrigger | VulnerabilityTrigger;

export interface DeploymentTarget {
  readonly kind: "deployment";
  readonly namespace: string;
  readonly deployment: string;
}

/** Two Deployments and a Service whose selector says which of them is live. */
export interface BlueGreenTarget {
  readonly kind: "blue-green";
  readonly namespace: string;
  readonly service: string;
  /** The label of Pods that tells the two apart, and its values. */
  readonly label: string;
  readonly colors: readonly [string, string];
}

/** Deployments that are released and rolled back together, in the order written. */
export interface GroupTarget {
  readonly kind: "group";
  readonly namespace: string;
  readonly deployments: readonly string[];
}

export interface StatefulSetTarget {
  readonly kind: "statefulset";
  readonly namespace: string;
  readonly statefulSet: string;
}

export interface ScriptTarget {
  readonly kind: "script";
  /** KUBERNETES_NAMESPACE for the script, where the author named one. */
  readonly namespace: string | undefined;
  /** A query whose result names the running version; a change of it is a release. */
  readonly releaseExpr: string | undefined;
}

export type Target = DeploymentTarget | GroupTarget | StatefulSetTarget | BlueGreenTarget | ScriptTarget;

export interface CommandSpec {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export type RollbackStrategy =
  | { readonly kind: "deployment" | "statefulset" | "blue-green" }
  | { readonly kind: "script"; readonly script: CommandSpec };

export interface VerifySpec {
  readonly probe: { readonly probe: ProbeSpec; readonly successes: number } | undefined;
  readonly smoke: CommandSpec | undefined;
  /** Every trigger must have left firing within this. */
  readonly recoveryMs: number;
}

export interface RollbackSpec {
  readonly strategy: RollbackStrategy;
  /** Says whether the release can be undone; absent where the author asks nobody. */
  readonly precheck?: CommandSpec;
  /** Bound on the tries of the act, and again on the rollout that follows it. */
  readonly timeoutMs: number;
  readonly verify: VerifySpec;
}

/** What a measured value must be; the words say what is good, not what is bad. */
export interface Criterion {
  readonly is: "above" | "below" | "atLeast" | "atMost";
  readonly value: number;
  /** As the author wrote it. */
  readonly text: string;
}

/** How far a value may be from what it was over the same span before the release. */
export interface Versus {
  readonly may: "rise" | "fall";
  /** A share of what it was, or an amount in the unit of the query. */
  readonly of: "share" | "amount";
  readonly by: number;
  /** As the author wrote it. */
  readonly text: string;
}

export interface MetricCheck {
  readonly kind: "metric";
  readonly name: string;
  /** With `$span` filled in. */
  readonly query: MetricQuery;
  readonly must: Criterion | undefined;
  readonly versus: Versus | undefined;
}

export type Check =
  | MetricCheck
  | { readonly kind: "probe"; readonly name: string; readonly probe: ProbeSpec }
  | { readonly kind: "command"; readonly name: string; readonly command: CommandSpec };

/** What must hold some time after the clock of a release began. */
export interface Checkpoint {
  /** As the author wrote it; the name of the checkpoint. */
  readonly at: string;
  readonly atMs: number;
  readonly checks: readonly Check[];
}

/** Of those that tell the team, `statuspage` is none: it tells the users. */
export type ChannelName = "slack" | "pagerduty" | "statuspage" | "webhook";

export interface Policy {
  readonly name: string;
  readonly mode: Mode;
  readonly intervalMs: number;
  readonly queryOffsetMs: number;
  readonly target: Target;
  /** How long after its clock a release may be rolled back automatically; `always` for script targets only. */
  readonly guard: number | "always";
  readonly watchMs: number;
  readonly triggers: readonly Trigger[];
  readonly rollback: RollbackSpec;
  /** Earliest first. */
  readonly checkpoints: readonly Checkpoint[];
  readonly cooldownMs: number;
  readonly budget: { readonly rollbacks: number; readonly perMs: number };
  /** What to do where Git will have the release back. */
  readonly gitops: GitOpsMode;
  readonly provenAfterMs: number;
  readonly blindAfterMs: number;
  /** A trigger of a guarded release that is unknown this long for its own reasons is told about, quietly. */
  readonly noDataAfterMs: number;
  /** How long a person who is asked has to answer, and an approval to be used. */
  readonly approvalTimeoutMs: number;
  readonly notify: readonly ChannelName[];
  readonly statusPage: StatusPage;
  readonly runbook: string | undefined;
  readonly source: { readonly file: string; readonly line: number };
  /** SHA-256 over the meaning of the policy, hex. */
  readonly hash: string;
}

export function blueGreenKey({ namespace, service }: Pick<BlueGreenTarget, "namespace" | "service">): string {
  return `${namespace}/service/${service}`;
}

export function statefulSetKey(of: Pick<StatefulSetTarget, "namespace" | "statefulSet">): string {
  return `${of.namespace}/statefulset/${of.statefulSet}`;
}

/** The name under which cooldown, budget, quarantine and standing are kept. */
export function targetKey({ name, target }: Pick<Policy, "name" | "target">): string {
  switch (target.kind) {
    case "deployment":
      return `${target.namespace}/${target.deployment}`;
    case "group":
      // Not in the order written: what is remembered of a group is the same in any order.
      return `${target.namespace}/${target.deployments.toSorted().join("+")}`;
    case "blue-green":
      return blueGreenKey(target);
    case "statefulset":
      return statefulSetKey(target);
    case "script":
      return `script/${name}`;
  }
}

/**
 * What a rollback of a target changes, by the target's key: two with something in common must not be rolled back at a
 * time. No name of an object or a policy has a plus sign.
 */
export function touchedBy(target: string): readonly string[] {
  const end = target.lastIndexOf("/") + 1;
  return target
    .slice(end)
    .split("+")
    .map((name) => target.slice(0, end) + name);
}

/** Whether the API server is needed to see what the target runs. */
export function isInCluster({ kind }: Target): boolean {
  return kind !== "script";
}
