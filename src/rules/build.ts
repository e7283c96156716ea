import { buildCheckpoints } from "./build-checkpoints.ts";
import { policyHash, triggerHash } from "./hash.ts";
import { effectiveMode } from "./mode.ts";
import type {
  CommandSpec,
  MetricQuery,
  Mode,
  Policy,
  ProbeExpectation,
  ProbeSpec,
  RollbackSpec,
  RollbackStrategy,
  Target,
  Threshold,
  Trigger,
} from "./policy.ts";
import { readPromql } from "./promql.ts";
import type { WrittenPolicy, WrittenTrigger } from "./schema.ts";
import type { StatusPage } from "./status-page.ts";
import { durationMs, parseThreshold } from "./units.ts";

type WrittenProbe = NonNullable<WrittenTrigger["probe"]>;

/** Part of `for` that may be one hole in the data, where the author did not say. */
const DEFAULT_GAP = 0.2;

const DAY_MS = 86_400_000;

/** Resolves units and defaults of a policy in which no problem was found. */
export function buildPolicy(written: WrittenPolicy, source: Policy["source"]): Policy {
  const surroundings = {
    mode: written.mode,
    intervalMs: durationMs(written.interval),
    queryOffsetMs: durationMs(written.queryOffset),
    target: buildTarget(written.target),
  };
  const policy = {
    ...surroundings,
    name: written.name,
    guard: written.guard === "always" ? ("always" as const) : durationMs(written.guard),
    watchMs: durationMs(written.watch),
    triggers: written.triggers.map((trigger) =>
      buildTrigger(trigger, { ...surroundings, unless: written.unless }),
    ),
    rollback: buildRollback(written.rollback),
    checkpoints: buildCheckpoints(written.checkpoints, { buildProbe, buildCommand }),
    cooldownMs: durationMs(written.cooldown),
    budget: { rollbacks: written.budget.rollbacks, perMs: durationMs(written.budget.per) },
    gitops: written.gitops,
    provenAfterMs: durationMs(written.provenAfter),
    blindAfterMs: durationMs(written.blindAfter),
    noDataAfterMs: durationMs(written.noDataAfter),
    approvalTimeoutMs: durationMs(written.approvalTimeout),
    notify: written.notify,
    statusPage: buildStatusPage(written.statusPage),
    runbook: written.runbook,
    source,
  };
  return { ...policy, hash: policyHash(policy) };
}

function buildStatusPage(written: WrittenPolicy["statusPage"]): StatusPage {
  const { components, title, maintenance, ...incident } = written;
  const { lasts, title: maintenanceTitle, ...ofMaintenance } = maintenance;
  return {
    components,
    titles: { incident: title, maintenance: maintenanceTitle },
    texts: { ...incident, ...ofMaintenance },
    maintenanceMs: durationMs(lasts),
  };
}

function buildTarget(target: WrittenPolicy["target"]): Target {
  const { namespace = "", deployments = [], statefulsets: [statefulSet] = [], service, colors } = target;
  if (target.script === true) {
    return { kind: "script", namespace: target.namespace, releaseExpr: target.release?.expr };
  }
  if (service !== undefined && colors !== undefined) {
    const [first = "", second = ""] = colors.values;
    return { kind: "blue-green", namespace, service, label: colors.label, colors: [first, second] };
  }
  if (statefulSet !== undefined) return { kind: "statefulset", namespace, statefulSet };
  return deployments.length > 1
    ? { kind: "group", namespace, deployments }
    : { kind: "deployment", namespace, deployment: deployments[0] ?? "" };
}

function buildTrigger(
  written: WrittenTrigger,
  policy: Pick<Policy, "mode" | "intervalMs" | "queryOffsetMs" | "target"> & {
    readonly unless: string | undefined;
  },
): Trigger {
  const unless = [policy.unless, written.unless].flatMap((expr) => expr?.trim() ?? []);
  const base = {
    name: written.name,
    mode: effectiveMode(policy.mode, written.mode ?? usualMode(written)),
    ...(written.severity === undefined ? {} : { severity: written.severity }),
    ...(unless.length > 0 && { unless }),
  };
  if (written.probe !== undefined) {
    const health = {
      ...base,
      kind: "health" as const,
      probe: buildProbe(written.probe),
      failures: written.failures,
    };
    return { ...health, hash: triggerHash(health, policy) };
  }
  if (written.rollout !== undefined) {
    const rollout = { ...base, kind: "rollout" as const };
    return { ...rollout, hash: triggerHash(rollout, policy) };
  }
  if (written.vulnerability !== undefined) {
    const { severity: atLeast, ignore } = written.vulnerability;
    const vulnerability = {
      ...base,
      kind: "vulnerability" as const,
      atLeast,
      ignore: ignore.map(buildIgnored),
    };
    return { ...vulnerability, hash: triggerHash(vulnerability, policy) };
  }
  const forMs = durationMs(written.for ?? "0s");
  const query = buildQuery(written);
  const metric = {
    ...base,
    kind: "metric" as const,
    query,
    threshold: buildThreshold(written),
    forMs,
    breachRatio: written.breachRatio,
    minCoverage: written.minCoverage,
    maxGapMs: written.maxGap === undefined ? Math.round(forMs * DEFAULT_GAP) : durationMs(written.maxGap),
    aggregate: written.aggregate,
    ...(written.maxSampleAge !== undefined && { maxSampleAgeMs: durationMs(written.maxSampleAge) }),
    rangeMs: rangeOf(query),
  };
  return { ...metric, hash: triggerHash(metric, policy) };
}

/** A vulnerability seldom hurts within minutes, so that there is time to ask somebody. */
function usualMode({ vulnerability }: WrittenTrigger): Mode | undefined {
  return vulnerability && "approve";
}

/** The last day counts whole. */
function buildIgnored({ id, until, reason }: NonNullable<WrittenTrigger["vulnerability"]>["ignore"][number]) {
  return { id, endsAt: Date.parse(until) + DAY_MS, reason };
}

function buildQuery({ ratio, expr = "", minTotal }: WrittenTrigger): MetricQuery {
  return ratio === undefined
    ? { kind: "expr", expr: expr.trim() }
    : { kind: "ratio", errors: ratio.errors.trim(), total: ratio.total.trim(), minTotal };
}

function rangeOf(query: MetricQuery): number {
  const exprs = query.kind === "expr" ? [query.expr] : [query.errors, query.total];
  return Math.max(...exprs.map((expr) => readPromql(expr).rangeMs));
}

function buildThreshold({ above, below }: WrittenTrigger): Threshold {
  const written = above ?? below ?? 0;
  return {
    op: above === undefined ? "below" : "above",
    value: parseThreshold(written).value,
    text: String(written),
  };
}

function buildProbe({ url, interval, timeout, expect, tls }: WrittenProbe): ProbeSpec {
  return {
    url,
    intervalMs: durationMs(interval),
    timeoutMs: durationMs(timeout),
    ...(expect !== undefined && {
      expect: { statuses: [expect.status].flat().map(buildStatus), body: expect.body },
    }),
    ...(tls?.ca !== undefined && { tls: { trust: "ca" as const, file: tls.ca } }),
    ...(tls?.insecure === true && { tls: { trust: "anybody" as const } }),
  };
}

/** `204`, or `2xx` for the whole class. */
function buildStatus(written: number | string): ProbeExpectation["statuses"][number] {
  if (typeof written === "number") return { from: written, to: written };
  const from = Number(written.charAt(0)) * 100;
  return { from, to: from + 99 };
}

function buildRollback(written: WrittenPolicy["rollback"]): RollbackSpec {
  const { probe, smoke, recovery } = written.verify;
  return {
    strategy: buildStrategy(written),
    ...(written.precheck !== undefined && { precheck: buildCommand(written.precheck) }),
    timeoutMs: durationMs(written.timeout),
    verify: {
      probe: probe === undefined ? undefined : { probe: buildProbe(probe), successes: probe.successes },
      smoke: smoke === undefined ? undefined : buildCommand(smoke),
      recoveryMs: durationMs(recovery),
    },
  };
}

function buildStrategy({ strategy, script }: WrittenPolicy["rollback"]): RollbackStrategy {
  if (strategy === "script" && script !== undefined) return { kind: "script", script: buildCommand(script) };
  return { kind: strategy === "script" ? "deployment" : strategy };
}

function buildCommand(written: NonNullable<WrittenPolicy["rollback"]["script"]>): CommandSpec {
  const [program = "", ...args] = written.command;
  return {
    command: [program, ...args],
    cwd: written.cwd,
    env: written.env,
    timeoutMs: durationMs(written.timeout),
  };
}
