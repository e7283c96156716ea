import { formatDuration } from "../text/format.ts";
import {
  type Check,
  type CommandSpec,
  type Criterion,
  type HealthTrigger,
  type MetricQuery,
  type MetricTrigger,
  type Policy,
  type ProbeSpec,
  type RollbackSpec,
  targetKey,
  type Trigger,
  type Versus,
  type VulnerabilityTrigger,
} from "./policy.ts";
import type { StatusPage } from "./status-page.ts";

/** One thing that a rule says. */
export interface Fact {
  /** The key of the rules file, as far as there is one. */
  readonly name: string;
  /** Its value in words; empty where the author wrote none. */
  readonly text: string;
  /** The value may be a secret: that it changed is all that people are shown. */
  readonly hidden?: true;
}

/** A key that is new in `Value` does not compile without its place here. */
type Table<Value> = { readonly [Key in keyof Required<Value>]: (value: Value[Key]) => readonly Fact[] };

/** Says nothing: the name is said elsewhere, or the value follows from others. */
const nothing = (): readonly Fact[] => [];

const fact = (name: string, text: string): readonly Fact[] => [{ name, text }];
const duration = (name: string) => (ms: number) => fact(name, formatDuration(ms));
const plain = (name: string) => (value: string | number | undefined) => fact(name, String(value ?? ""));
const percent = (name: string) => (share: number) => fact(name, `${Number((share * 100).toPrecision(4))} %`);

/** Everything but the triggers, which have names of their own. */
export function policyFacts(policy: Policy): readonly Fact[] {
  return [...fact("target", targetKey(policy)), ...tabulated(POLICY, policy)];
}

export function triggerFacts(trigger: Trigger): readonly Fact[] {
  switch (trigger.kind) {
    case "metric":
      return tabulated(METRIC, trigger);
    case "health":
      return tabulated(HEALTH, trigger);
    case "rollout":
      return tabulated(BASE, trigger);
    case "vulnerability":
      return tabulated(VULNERABILITY, trigger);
  }
}

function tabulated<Value extends object>(table: Partial<Table<Value>>, value: Value): readonly Fact[] {
  return (Object.keys(table) as (keyof Value)[]).flatMap((key) => {
    const say = table[key];
    return value[key] === undefined ? [] : (say?.(value[key]) ?? []);
  });
}

const POLICY: Table<Policy> = {
  name: nothing,
  mode: plain("mode"),
  intervalMs: duration("interval"),
  queryOffsetMs: duration("queryOffset"),
  target: (target) => (target.kind === "script" ? fact("release.expr", target.releaseExpr ?? "") : nothing()),
  guard: (guard) => fact("guard", guard === "always" ? guard : formatDuration(guard)),
  watchMs: duration("watch"),
  triggers: nothing,
  rollback: rollbackFacts,
  checkpoints: (checkpoints) =>
    checkpoints.flatMap(({ at, checks }) => [
      ...fact(`checkpoint ${at}`, checks.map(({ name }) => name).join(", ")),
      ...checks.map((check) => ({ name: `checkpoint ${at}, ${check.name}`, text: checkText(check) })),
    ]),
  cooldownMs: duration("cooldown"),
  budget: ({ rollbacks, perMs }) => fact("budget", `${rollbacks} per ${formatDuration(perMs)}`),
  gitops: plain("gitops"),
  provenAfterMs: duration("provenAfter"),
  blindAfterMs: duration("blindAfter"),
  noDataAfterMs: duration("noDataAfter"),
  approvalTimeoutMs: duration("approvalTimeout"),
  notify: (channels) => fact("notify", channels.join(", ")),
  statusPage: statusPageFacts,
  runbook: plain("runbook"),
  source: nothing,
  hash: nothing,
};

const BASE: Table<Omit<Trigger, "kind">> & { readonly kind: () => readonly Fact[] } = {
  name: nothing,
  hash: nothing,
  kind: nothing,
  // Its policy's mode is the usual one; see changes.ts.
  mode: nothing,
  severity: plain("severity"),
  unless: (exprs = []) => fact("unless", exprs.join(" or ")),
};

const METRIC: Table<MetricTrigger> = {
  ...BASE,
  query: queryFacts,
  threshold: ({ op, text }) => fact("threshold", `${op} ${text.replace(/(\d)%$/u, "$1 %")}`),
  forMs: duration("for"),
  breachRatio: percent("breachRatio"),
  minCoverage: percent("minCoverage"),
  maxGapMs: duration("maxGap"),
  maxSampleAgeMs: (ms) => (ms === undefined ? [] : duration("maxSampleAge")(ms)),
  aggregate: plain("aggregate"),
  // It follows from the query.
  rangeMs: nothing,
};

const HEALTH: Table<HealthTrigger> = {
  ...BASE,
  probe: (probe) => probeFacts("probe", probe),
  failures: plain("failures"),
};

const VULNERABILITY: Table<VulnerabilityTrigger> = {
  ...BASE,
  atLeast: plain("severity of vulnerabilities"),
  ignore: (ignored) =>
    ignored.map(({ id, endsAt, reason }) => ({
      name: `ignore ${id}`,
      text: `until ${new Date(endsAt - 1).toISOString().slice(0, 10)}: ${reason}`,
    })),
};

function queryFacts(query: MetricQuery): readonly Fact[] {
  if (query.kind === "expr") return fact("expr", query.expr);
  const { errors, total, minTotal } = query;
  return [...fact("errors", errors), ...fact("total", total), ...fact("minTotal", String(minTotal))];
}

function probeFacts(name: string, { url, intervalMs, timeoutMs, expect, tls }: ProbeSpec): readonly Fact[] {
  const statuses = expect?.statuses.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)) ?? [];
  return [
    ...addressFacts(`${name}.url`, url),
    ...fact(`${name}.interval`, formatDuration(intervalMs)),
    ...fact(`${name}.timeout`, formatDuration(timeoutMs)),
    ...fact(`${name}.expect`, statuses.join(", ")),
    ...fact(`${name}.expect.body`, expect?.body ?? ""),
    ...fact(`${name}.tls`, tls === undefined ? "" : tls.trust === "ca" ? `ca ${tls.file}` : tls.trust),
  ];
}

/** What stands before the host of an address may be a password. */
function addressFacts(name: string, url: string): readonly Fact[] {
  const [, before = ""] = /^\w+:\/\/([^/@]*)@/u.exec(url) ?? [];
  return [
    ...fact(name, before === "" ? url : url.replace(`${before}@`, "")),
    ...(before === "" ? [] : [{ name: `user of ${name}`, text: before, hidden: true as const }]),
  ];
}

function commandFacts(name: string, spec: CommandSpec | undefined): readonly Fact[] {
  if (spec === undefined) return [];
  const { command, cwd = "", env, timeoutMs } = spec;
  return [
    ...fact(name, command.join(" ")),
    ...fact(`${name}.cwd`, cwd),
    ...fact(`${name}.timeout`, formatDuration(timeoutMs)),
    ...Object.entries(env).map(([key, text]) => ({
      name: `${name}.env.${key}`,
      text,
      hidden: true as const,
    })),
  ];
}

function rollbackFacts({ strategy, precheck, timeoutMs, verify }: RollbackSpec): readonly Fact[] {
  const { probe, smoke, recoveryMs } = verify;
  return [
    ...fact("rollback.strategy", strategy.kind),
    ...(strategy.kind === "script" ? commandFacts("rollback.script", strategy.script) : []),
    ...commandFacts("rollback.precheck", precheck),
    ...fact("rollback.timeout", formatDuration(timeoutMs)),
    ...(probe === undefined ? [] : probeFacts("verify.probe", probe.probe)),
    ...fact("verify.probe.successes", String(probe?.successes ?? "")),
    ...commandFacts("verify.smoke", smoke),
    ...fact("verify.recovery", formatDuration(recoveryMs)),
  ];
}

function statusPageFacts({ components, titles, texts, maintenanceMs }: StatusPage): readonly Fact[] {
  const all = { component: components, title: titles, text: texts };
  return [
    ...Object.entries(all).flatMap(([kind, values]) =>
      Object.entries(values).map(([name, text]) => ({ name: `statusPage ${kind} ${name}`, text })),
    ),
    ...fact("statusPage.maintenance.lasts", formatDuration(maintenanceMs)),
  ];
}

function checkText(check: Check): string {
  switch (check.kind) {
    case "metric":
      return [...queryFacts(check.query).map(({ text }) => text), criterion(check.must), versus(check.versus)]
        .filter((part) => part !== "")
        .join("; ");
    case "probe":
      return shown(probeFacts("probe", check.probe));
    case "command":
      return shown(commandFacts("command", check.command));
  }
}

function shown(facts: readonly Fact[]): string {
  return facts.flatMap(({ text, hidden }) => (text === "" || hidden ? [] : [text])).join(", ");
}

function criterion(must: Criterion | undefined): string {
  return must === undefined ? "" : `must be ${must.is} ${must.text}`;
}

function versus(it: Versus | undefined): string {
  return it === undefined
    ? ""
    : `may ${it.may} by ${it.text} ${it.of === "share" ? "of what it was" : ""}`.trim();
}
