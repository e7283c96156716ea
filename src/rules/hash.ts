import { createHash } from "node:crypto";
import type { Check, MetricQuery, Policy, Target, Trigger } from "./policy.ts";
import { readPromql } from "./promql.ts";

/** What a trigger's verdict depends on beside the trigger itself. */
type Surroundings = Pick<Policy, "intervalMs" | "queryOffsetMs" | "target">;

type WithoutHash<T> = T extends Trigger ? Omit<T, "hash"> : never;

type Unhashed = WithoutHash<Trigger>;

/**
 * SHA-256, hex, over what a trigger means. Comments, order of keys, white space in PromQL and the way a number is
 * written do not change it; anything that could change a verdict or an act does. The name is not part of it.
 */
export function triggerHash(trigger: Unhashed, policy: Surroundings): string {
  const { name: _name, severity: _severity, ...meaning } = trigger;
  return sha256({
    ...meaning,
    ...(meaning.unless && { unless: meaning.unless.map((expr) => readPromql(expr).normal) }),
    ...(meaning.kind === "metric"
      ? {
          query: queryMeaning(meaning.query),
          threshold: { op: meaning.threshold.op, value: meaning.threshold.value },
        }
      : {}),
    intervalMs: policy.intervalMs,
    queryOffsetMs: policy.queryOffsetMs,
    target: targetMeaning(policy.target),
  });
}

/** The same over a whole policy: everything but where it was read from. */
export function policyHash(policy: Omit<Policy, "hash">): string {
  const { source: _source, triggers, target, checkpoints, ...meaning } = policy;
  return sha256({
    ...meaning,
    target: targetMeaning(target),
    checkpoints: checkpoints.map(({ atMs, checks }) => [atMs, checks.map(checkMeaning)]),
    triggers: Object.fromEntries(triggers.map(({ name, hash, severity }) => [name, [hash, severity]])),
  });
}

function checkMeaning(check: Check): unknown {
  return check.kind === "metric" ? { ...check, query: queryMeaning(check.query) } : check;
}

function queryMeaning(query: MetricQuery): unknown {
  return query.kind === "expr"
    ? { expr: readPromql(query.expr).normal }
    : {
        errors: readPromql(query.errors).normal,
        total: readPromql(query.total).normal,
        minTotal: query.minTotal,
      };
}

function targetMeaning(target: Target): unknown {
  return target.kind === "script" && target.releaseExpr !== undefined
    ? { ...target, releaseExpr: readPromql(target.releaseExpr).normal }
    : target;
}

function sha256(meaning: unknown): string {
  return createHash("sha256").update(JSON.stringify(meaning, sortKeys)).digest("hex");
}

function sortKeys(_key: string, value: unknown): unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}
