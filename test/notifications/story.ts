import type { Evidence } from "../../src/decisions/decision.ts";
import type { CheckpointRecord, DecisionRecord, RecordBody } from "../../src/log/record.ts";

const TARGET = "shop/api";
const RELEASE = "shop/api@7";
const of = { policy: "api", target: TARGET, release: RELEASE };

export const evidence: Evidence = {
  trigger: "error-rate",
  query: 'sum(rate(http_requests_total{status=~"5.."}[1m]))',
  threshold: "above 5%",
  forMs: 60_000,
  samples: [
    { at: 0, value: 0.001 },
    { at: 15_000, value: 0.06 },
    { at: 30_000, unknown: "unreachable" },
    { at: 45_000, value: 0.11 },
    { at: 60_000, value: 0.112 },
  ],
  endpoint: "http://prometheus:9090",
  rulesHash: "0".repeat(64),
  summary: "error-rate is 11.2 %, above 5 % for 1 min (4 of 5 slots)",
};

export function decision(
  decisionId: string,
  kind: Partial<
    Pick<DecisionRecord, "decision" | "reason" | "otherReasons" | "policy" | "target" | "release" | "byHand">
  > = {},
): DecisionRecord {
  return {
    type: "decision.made",
    ...of,
    decisionId,
    decision: "rollback",
    reason: "rollback",
    otherReasons: [],
    trigger: "error-rate",
    summary: "error-rate is 11.2 %, above 5 % for 1 min (4 of 5 slots). Release 7 is to blame.",
    from: { revision: "7", digest: "d7" },
    to: { revision: "6", digest: "d6" },
    evidence: [evidence],
    ...kind,
  };
}

export function started(decisionId: string): RecordBody {
  return {
    type: "rollback.started",
    ...of,
    decisionId,
    strategy: "deployment",
    uid: "u1",
    trigger: "error-rate",
    from: { revision: "7", digest: "d7" },
    to: { revision: "6", digest: "d6" },
  };
}

export function applied(decisionId: string): RecordBody {
  return { type: "rollback.applied", ...of, decisionId, detail: "template of revision 6 put back" };
}

export function verified(decisionId: string): RecordBody {
  return {
    type: "rollback.verified",
    ...of,
    decisionId,
    detail: "recovered after 40 s",
    steps: ["rollout complete"],
  };
}

export function failed(decisionId: string, reason = "forbidden"): RecordBody {
  return {
    type: "rollback.failed",
    ...of,
    decisionId,
    reason,
    detail: "the API server refused: deployments.apps is forbidden",
  };
}

/** Four hours after its launch, one check of each result. */
export function report(changes: Partial<CheckpointRecord> = {}): CheckpointRecord {
  return {
    type: "checkpoint.failed",
    ...of,
    checkpoint: "4h",
    afterMs: 14_400_000,
    dueAt: "2026-03-02T14:00:00.000Z",
    checks: [
      {
        name: "p95-latency",
        result: "fail",
        value: 0.512,
        must: "below 500ms",
        detail: "512ms, must be below 500ms",
      },
      { name: "cache", result: "unknown", must: "above 85%", detail: "no-data" },
      { name: "ready", result: "pass", detail: "http://api/health/ready: HTTP 200 in 1 ms" },
    ],
    last: false,
    ...changes,
  };
}

export function promoted(): RecordBody {
  return { type: "release.promoted", policy: of.policy, release: of.release, digest: "d7" };
}

export function trigger(
  change: "firing" | "resolved" | "unknown" | "pending",
  name = "error-rate",
  policy = "api",
): RecordBody {
  return {
    type: `trigger.${change}`,
    policy,
    trigger: name,
    from: "inactive",
    reason: `${name} is ${change}`,
    slot: "2026-01-01T00:00:00.000Z",
  };
}

export function observed(of: {
  readonly release: string;
  readonly revision: string;
  readonly cause: "deploy" | "rollback";
}): RecordBody {
  return {
    type: "release.observed",
    policy: "api",
    target: TARGET,
    ...of,
    digest: `d${of.revision}`,
    startedAt: "2026-03-02T10:00:00.000Z",
    quarantined: false,
  };
}
