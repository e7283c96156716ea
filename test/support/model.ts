import type { Blame } from "../../src/releases/blame.ts";
import type { Release, Revision } from "../../src/releases/release.ts";
import type { HealthTrigger, MetricTrigger, Policy } from "../../src/rules/policy.ts";
import { DEFAULT_STATUS_PAGE } from "../../src/rules/status-page.ts";
import type { Sample } from "../../src/signals/sample.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const INTERVAL = 15 * SECOND;

/** 2026-03-02 10:00:00Z, on the grid of every interval used here. */
export const TEN = Date.UTC(2026, 2, 2, 10);

/** `clock("10:05:15")` on the day of `TEN`. */
export function clock(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(":").map(Number);
  return Date.UTC(2026, 2, 2, hours, minutes, seconds);
}

export function metricTrigger(changes: Partial<MetricTrigger> = {}): MetricTrigger {
  return {
    kind: "metric",
    name: "error-rate",
    mode: "enforce",
    hash: "h1",
    query: { kind: "expr", expr: "errors:ratio" },
    threshold: { op: "above", value: 0.05, text: "5%" },
    forMs: 5 * MINUTE,
    breachRatio: 1,
    minCoverage: 0.8,
    maxGapMs: (changes.forMs ?? 5 * MINUTE) * 0.2,
    aggregate: undefined,
    rangeMs: MINUTE,
    ...changes,
  };
}

export function healthTrigger(changes: Partial<HealthTrigger> = {}): HealthTrigger {
  return {
    kind: "health",
    name: "health",
    mode: "enforce",
    hash: "h2",
    probe: { url: "http://vcci-api:8000/health/ready", intervalMs: 10 * SECOND, timeoutMs: 2 * SECOND },
    failures: 3,
    ...changes,
  };
}

export function policy(changes: Partial<Policy> = {}): Policy {
  return {
    name: "vcci-api",
    mode: "enforce",
    intervalMs: INTERVAL,
    queryOffsetMs: 0,
    target: { kind: "deployment", namespace: "vcci-production", deployment: "vcci-api" },
    guard: HOUR,
    watchMs: 24 * HOUR,
    triggers: [metricTrigger()],
    rollback: {
      strategy: { kind: "deployment" },
      timeoutMs: 10 * MINUTE,
      verify: { probe: undefined, smoke: undefined, recoveryMs: 10 * MINUTE },
    },
    checkpoints: [],
    cooldownMs: 15 * MINUTE,
    budget: { rollbacks: 1, perMs: 24 * HOUR },
    gitops: "refuse",
    provenAfterMs: HOUR,
    blindAfterMs: 2 * MINUTE,
    noDataAfterMs: 10 * MINUTE,
    approvalTimeoutMs: 30 * MINUTE,
    notify: [],
    statusPage: DEFAULT_STATUS_PAGE,
    runbook: undefined,
    source: { file: "vcci-api.yaml", line: 2 },
    hash: "p1",
    ...changes,
  };
}

export function revision(name: string, changes: Partial<Revision> = {}): Revision {
  return { name, digest: `digest-${name}`, standing: "unproven", images: {}, ...changes };
}

export function release(changes: Partial<Release> = {}): Release {
  return {
    id: "vcci-production/vcci-api@2",
    target: "vcci-production/vcci-api",
    revision: revision("2"),
    previous: revision("1", { standing: "good" }),
    startedAt: TEN,
    clockAt: TEN,
    cause: "deploy",
    reversible: true,
    ...changes,
  };
}

/** `!` breaching, `.` healthy, `?` unknown; one slot each, the first at `from`. Spaces are for the eye. */
export function slots(picture: string, from: number = TEN, intervalMs: number = INTERVAL): Sample[] {
  return [...picture.replaceAll(" ", "")].map((mark, index): Sample => {
    const at = from + index * intervalMs;
    if (mark === "?") return { at, unknown: "unreachable" };
    return { at, value: mark === "!" ? 0.112 : 0.01 };
  });
}

/**
 * What a firing trigger says about `release()`: breaching before it where the breach predates it, healthy else.
 * The last slot before the release is the one right before its start.
 */
export function blameOf(verdict: Blame["verdict"], basis: Partial<Blame["basis"]> = {}): Blame {
  const isOld = verdict === "breach-predates-release";
  const past = isOld ? "breaching" : "healthy";
  const before = { at: TEN - INTERVAL, verdict: past, firing: isOld } as const;
  return {
    verdict,
    past,
    basis: { before, lostSight: false, knownAgainAt: TEN, healthySince: false, ...basis },
    countsFrom: TEN,
  };
}
