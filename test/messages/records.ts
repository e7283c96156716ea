import type { LogRecord, RecordBody } from "../../src/log/record.ts";
import { sentence } from "../../src/report/sentence.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { HELD, ROLLBACK } from "./decided.ts";
import type { Shown } from "./shown.ts";

const POLICY = "vcci-api";
const TARGET = "vcci-production/vcci-api";
const OF = { policy: POLICY, release: `${TARGET}@2` } as const;
const ID = "20260302T100500Z-3f9a1c";
const OF_ROLLBACK = { ...OF, target: TARGET, decisionId: ID } as const;
const TRIGGER = { ...OF, trigger: "error-rate", slot: "2026-03-02T10:05:00.000Z" } as const;
const NOTIFICATION = {
  policy: POLICY,
  decisionId: ID,
  notificationId: "12-slack",
  channel: "slack",
} as const;
const BY = { policy: POLICY, by: "token:alice", note: "totals are wrong" } as const;
const CHECKPOINT = {
  ...OF,
  target: TARGET,
  checkpoint: "4h",
  afterMs: 4 * 3_600_000,
  dueAt: "2026-03-02T14:00:00.000Z",
  last: false,
} as const;
const REVISIONS = { from: { revision: "2", digest: "d2" }, to: { revision: "1", digest: "d1" } } as const;

type Bodies = { readonly [Type in RecordBody["type"]]: readonly (RecordBody & { readonly type: Type })[] };

/** Of each type of record at least one; a type that is new does not compile without its place here. */
export const RECORDS: Bodies = {
  "daemon.started": [{ type: "daemon.started", version: "0.1.0" }],
  "daemon.stopped": [{ type: "daemon.stopped", cause: "SIGTERM" }],
  "rules.loaded": [
    { type: "rules.loaded", policies: [{ policy: POLICY, hash: "h", triggers: { "error-rate": "h1" } }] },
    {
      type: "rules.loaded",
      policies: [{ policy: POLICY, hash: "h2", triggers: { "error-rate": "h3" } }],
      changes: [
        `${POLICY}: mode observe → enforce`,
        `${POLICY}: error-rate: above 5 % → 3 %`,
        `${POLICY}: health: trigger removed`,
      ],
    },
  ],
  "rules.rejected": [
    {
      type: "rules.rejected",
      problems: [
        "rules/vcci-api.yaml:12:11: error: unknown key `abvoe`; did you mean `above`? (unknown-key)",
      ],
    },
  ],
  "rights.missing": [
    {
      type: "rights.missing",
      missing: [
        {
          namespace: "vcci-production",
          rules: ['{apiGroups: ["apps"], resources: ["deployments"], verbs: ["patch"]}'],
          why: ["put an earlier revision back"],
          policies: [POLICY],
        },
      ],
    },
  ],
  "rights.granted": [{ type: "rights.granted" }],
  "release.observed": [
    {
      type: "release.observed",
      ...OF,
      target: TARGET,
      revision: "2",
      digest: "d2",
      previous: { revision: "1", digest: "d1" },
      startedAt: "2026-03-02T10:00:00.000Z",
      cause: "deploy",
      quarantined: false,
    },
    {
      type: "release.observed",
      ...OF,
      target: TARGET,
      revision: "2",
      digest: "d2",
      startedAt: "2026-03-02T10:00:00.000Z",
      cause: "deploy",
      quarantined: true,
    },
    {
      type: "release.observed",
      ...OF,
      target: TARGET,
      revision: "4",
      digest: "d2",
      startedAt: "2026-03-02T10:07:00.000Z",
      cause: "deploy",
      quarantined: true,
      writtenBy: "kustomize-controller",
      owners: [
        {
          tool: "flux-kustomization",
          namespace: "flux-system",
          name: "apps",
          seenIn: "label kustomize.toolkit.fluxcd.io/name",
        },
      ],
    },
  ],
  "release.ready": [{ type: "release.ready", ...OF, clockAt: "2026-03-02T10:00:30.000Z" }],
  "release.promoted": [{ type: "release.promoted", ...OF, digest: "d2" }],
  "release.superseded": [{ type: "release.superseded", ...OF, by: `${TARGET}@3` }],
  "trigger.pending": [
    {
      type: "trigger.pending",
      ...TRIGGER,
      from: "inactive",
      reason: "error-rate is 11.2 %, above 5 %; it fires at 10:05:00Z if that lasts (1 of 21 slots)",
    },
  ],
  "trigger.firing": [
    {
      type: "trigger.firing",
      ...TRIGGER,
      from: "pending",
      reason: "error-rate is 11.2 %, above 5 % for 5 min (21 of 21 slots)",
    },
  ],
  "trigger.resolved": [
    { type: "trigger.resolved", ...TRIGGER, from: "firing", reason: "error-rate is 0.1 %, not above 5 %" },
  ],
  "trigger.unknown": [
    {
      type: "trigger.unknown",
      ...TRIGGER,
      from: "inactive",
      reason: "error-rate is unknown: query-rejected: 400 parse error at char 4",
      unknown: "query-rejected",
    },
  ],
  "evaluation.blind": [
    {
      type: "evaluation.blind",
      policy: POLICY,
      since: "2026-03-02T10:00:00.000Z",
      reason: "error-rate is unknown: unreachable: connection refused",
    },
    {
      type: "evaluation.blind",
      policy: POLICY,
      since: "2026-03-02T10:00:00.000Z",
      reason: "error-rate is unknown: unreachable: connection refused",
      observes: true,
    },
  ],
  "evaluation.sighted": [{ type: "evaluation.sighted", policy: POLICY, blindMs: 150_000 }],
  "evaluation.no-data": [
    {
      type: "evaluation.no-data",
      ...OF,
      trigger: "error-rate",
      since: "2026-03-02T10:00:00.000Z",
      reason: "error-rate is unknown: low-traffic: 0.2 requests a second, fewer than minTotal 1",
      unknown: "low-traffic",
    },
    {
      type: "evaluation.no-data",
      ...OF,
      trigger: "error-rate",
      since: "2026-03-02T10:00:00.000Z",
      reason:
        "error-rate is unknown: no-such-series (errors returned no series, and in the hour before there was no series of http_requests_total with the labels app, code; if the counter appears with its first error, append `or vector(0)` to errors); no known slot in the window, 0 of 21 slots known",
      unknown: "no-such-series",
    },
    {
      type: "evaluation.no-data",
      ...OF,
      trigger: "queue-length",
      since: "2026-03-02T10:00:00.000Z",
      reason:
        "queue-length unknown: stale (the newest sample of queue_length is 3 min old, and maxSampleAge is 2 min); last known 12 at 10:01:45Z, 8 of 21 slots known",
      unknown: "stale",
    },
    {
      type: "evaluation.no-data",
      ...OF,
      trigger: "error-rate",
      since: "2026-03-02T10:00:00.000Z",
      reason:
        "error-rate is unknown: impossible (errors 0.5 is 11770 % of total 0.004248, which cannot be: a counter went back, or the two count different things); last known 0.01 at 09:59:45Z, 11 of 21 slots known",
      unknown: "impossible",
    },
  ],
  "decision.made": [ROLLBACK, ...HELD.values()],
  "rollback.started": [
    {
      type: "rollback.started",
      ...OF_ROLLBACK,
      strategy: "deployment",
      uid: "u",
      trigger: "error-rate",
      ...REVISIONS,
    },
  ],
  "rollback.waiting": [
    {
      type: "rollback.waiting",
      ...OF,
      target: TARGET,
      decisionId: "20260302T100600Z-3f9a1c",
      detail:
        '0 of 3 pods updated, 0 available, 3 old still there; ImagePullBackOff: Back-off pulling image "shop:1", container api (pod api-7d9f-x2k)',
      reasons: ['ImagePullBackOff: Back-off pulling image "shop:1", container api (pod api-7d9f-x2k)'],
    },
  ],
  "gitops.suspended": [
    {
      type: "gitops.suspended",
      ...OF_ROLLBACK,
      owner: "Flux Kustomization flux-system/apps",
      detail: "Flux Kustomization flux-system/apps was suspended, so that it does not undo the rollback.",
      resume: "flux resume kustomization apps --namespace flux-system",
    },
  ],
  "rollback.retrying": [
    {
      type: "rollback.retrying",
      ...OF_ROLLBACK,
      reason: "forbidden",
      detail:
        'Could not patch deployment "vcci-api": it is forbidden. 1 try since 10:05:01Z: 1 answered 403.',
      until: "2026-03-02T10:15:00.000Z",
    },
  ],
  "rollback.applied": [
    {
      type: "rollback.applied",
      ...OF_ROLLBACK,
      detail:
        "The template of revision 1 (registry.example/vcci-api:1.4.1) is in force: the cluster runs it as revision 3.",
    },
  ],
  "rollback.verified": [
    {
      type: "rollback.verified",
      ...OF_ROLLBACK,
      detail: "1.4.1 runs again instead of 1.4.2, and every check passed",
      steps: ["rollout complete at 2026-03-02 10:05:21Z, 20 s after the act: 3 of 3 pods updated, 3 ready"],
    },
  ],
  "rollback.failed": [
    {
      type: "rollback.failed",
      ...OF_ROLLBACK,
      reason: "paused",
      detail: 'deployment "vcci-api" in namespace "vcci-production" is paused',
    },
  ],
  "operator.rollback": [
    {
      type: "operator.rollback",
      ...BY,
      target: TARGET,
      decisionId: ID,
      reason: "data-corruption",
      to: "1",
      maintenance: true,
    },
  ],
  "operator.freeze": [
    { type: "operator.freeze", ...BY, until: "2026-03-02T12:00:00.000Z" },
    { type: "operator.freeze", policy: POLICY, by: "token:alice" },
  ],
  "operator.resume": [
    { type: "operator.resume", ...BY, holder: "token:alice" },
    { type: "operator.resume", ...BY, holder: "token:bob" },
    { type: "operator.resume", ...BY },
  ],
  "hold.prolonged": [
    {
      type: "hold.prolonged",
      ...OF_ROLLBACK,
      reason: "frozen",
      triggers: ["error-rate"],
      since: "2026-03-02T10:05:00.000Z",
      limitMs: 3_600_000,
      detail: "token:alice froze it at 2026-03-02 09:30:00Z until token:alice resumes it: load test",
    },
    {
      type: "hold.prolonged",
      ...OF_ROLLBACK,
      reason: "vetoed",
      triggers: ["error-rate"],
      since: "2026-03-02T10:05:00.000Z",
      limitMs: 3_600_000,
      detail: 'its unless is 1 now: up{job="database"} == 0 (for job="database")',
    },
  ],
  "operator.approve": [{ type: "operator.approve", ...BY, decisionId: waitingId() }],
  "operator.reject": [{ type: "operator.reject", ...BY, decisionId: waitingId() }],
  "freeze.expired": [
    { type: "freeze.expired", policy: POLICY, holder: "token:alice", until: "2026-03-02T12:00:00.000Z" },
    { type: "freeze.expired", policy: POLICY, until: "2026-03-02T12:00:00.000Z" },
  ],
  "freeze.ending": [
    {
      type: "freeze.ending",
      policy: POLICY,
      holder: "token:alice",
      until: "2026-03-02T12:00:00.000Z",
      triggers: ["error-rate"],
      actsFrom: "2026-03-02T12:00:15.000Z",
    },
  ],
  "approval.expired": [
    {
      type: "approval.expired",
      ...OF_ROLLBACK,
      decisionId: waitingId(),
      detail: "no answer came within 30 min; nothing is done about error-rate in this episode",
    },
  ],
  "approval.withdrawn": [
    {
      type: "approval.withdrawn",
      ...OF_ROLLBACK,
      decisionId: waitingId(),
      detail: "error-rate does not fire any more",
    },
  ],
  "checkpoint.passed": [
    {
      type: "checkpoint.passed",
      ...CHECKPOINT,
      goodSince: "2026-03-02T11:00:00.000Z",
      checks: [
        { name: "availability", result: "pass", value: 0.9996, detail: "99.96 %, must be at least 99.9 %" },
      ],
    },
  ],
  "checkpoint.failed": [
    {
      type: "checkpoint.failed",
      ...CHECKPOINT,
      late: true,
      lateMs: 900_000,
      checks: [
        { name: "p95-latency", result: "fail", value: 0.7, detail: "700 ms, must be below 500 ms" },
        { name: "cache-hit-rate", result: "unknown", detail: "no-data: the query has no result" },
      ],
    },
  ],
  "vulnerabilities.received": [
    {
      type: "vulnerabilities.received",
      by: "token:ci",
      images: ["registry.example/vcci-api:1.4.2"],
      found: { critical: 1, high: 3 },
    },
  ],
  "notification.queued": [
    {
      type: "notification.queued",
      ...NOTIFICATION,
      event: "trigger",
      dedupKey: `rollbackd/${TARGET}`,
      cause: 12,
    },
  ],
  "notification.delivered": [{ type: "notification.delivered", ...NOTIFICATION, attempts: 2 }],
  "notification.failed": [
    { type: "notification.failed", ...NOTIFICATION, attempts: 7, error: "HTTP 404: no_service" },
  ],
};

function waitingId(): string {
  return HELD.get("awaiting-approval")?.decisionId ?? "";
}

/** The lines of `log list`. */
export function inLog(): readonly Shown[] {
  return Object.entries(RECORDS).flatMap(([type, bodies]) =>
    recordsOf(bodies as readonly RecordBody[]).map((record: LogRecord) => ({
      group: "Lines of `log list`",
      name: type,
      text: sentence(record),
      isNews: true as const,
    })),
  );
}
