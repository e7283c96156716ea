import { decide } from "../../src/decisions/decide.ts";
import { HOLD_REASONS, type HoldReason } from "../../src/decisions/reason.ts";
import type { FiringTrigger, Situation } from "../../src/decisions/situation.ts";
import { decisionRecord } from "../../src/daemon/decision-record.ts";
import { metricStatus } from "../../src/engine/metric-status.ts";
import { vulnerabilityStatus } from "../../src/engine/vulnerability-status.ts";
import type { DecisionRecord } from "../../src/log/record.ts";
import { imagesUsed } from "../../src/releases/release.ts";
import { imagesSeen } from "../../src/signals/image-report.ts";
import {
  blameOf,
  INTERVAL,
  metricTrigger,
  MINUTE,
  HOUR,
  policy,
  release,
  revision,
  slots,
  TEN,
} from "../support/model.ts";
import { OPEN } from "../support/replay.ts";
import { imageReport, vulnerabilityTrigger } from "../support/vulnerabilities.ts";

const AT = TEN + 5 * MINUTE;
const trigger = metricTrigger();
const status = metricStatus(trigger, INTERVAL, slots("!".repeat(21)));
const CONFIRMED = { notFiring: undefined, unseen: undefined, movedTo: undefined };
const images = (tag: string) => ({ api: `registry.example/vcci-api:${tag}` });

/** What has to be different from a rollback that nothing stands in the way of. */
interface Change {
  readonly situation?: Partial<Situation>;
  readonly firing?: Partial<FiringTrigger>;
}

const gate = (gates: Partial<Situation["gates"]>): Change => ({
  situation: { gates: { ...OPEN, ...gates } },
});

const vulnerability = vulnerabilityTrigger();
const SCANS = ["1.4.1", "1.4.2"].map((tag) =>
  imageReport([`registry.example/vcci-api:${tag}`], ["CVE-2026-1234"], { knownAt: TEN, scannedAt: TEN }),
);
const RUNNING = revision("2", { images: images("1.4.2") });
const FOUND = vulnerabilityStatus(
  vulnerability,
  imagesSeen(imagesUsed(RUNNING), { reports: SCANS, unread: undefined }),
  TEN,
  AT,
);

/** For each reason a situation in which it is the first. */
const CHANGES: Readonly<Record<HoldReason, Change>> = {
  "log-unwritable": gate({
    logUnwritable:
      "The decision log in /var/lib/rollbackd/decisions cannot be written: no space left on device (ENOSPC)",
  }),
  "not-leader": gate({ notLeader: "rollbackd-1 leads since 2026-03-02 09:00:00Z" }),
  frozen: gate({
    frozen: "token:alice froze it at 2026-03-02 09:30:00Z until 2026-03-02 11:30:00Z: load test",
    freezes: [
      { by: "token:alice", at: TEN - 30 * MINUTE, untilMs: TEN + 90 * MINUTE, note: "load test" },
      { by: "token:ci", at: TEN - 30 * MINUTE, untilMs: TEN + 10 * MINUTE, note: undefined },
    ],
  }),
  "mass-breach": gate({ massBreach: "3 of 4 targets fire at once, which no single release explains" }),
  "outside-guard-period": { situation: { release: release({ clockAt: AT - 2 * HOUR }) } },
  "breach-predates-release": { firing: { blame: blameOf("breach-predates-release") } },
  "window-before-release": { firing: { blame: blameOf("window-before-release") } },
  "rule-changed": { firing: { loadedAt: TEN + MINUTE } },
  superseded: {
    situation: { confirmation: { ...CONFIRMED, movedTo: "vcci-production/vcci-api@3 (revision 3)" } },
  },
  "release-not-reversible": { situation: { release: release({ reversible: false }) } },
  vetoed: {
    firing: {
      veto: {
        expr: 'up{job="database"} == 0',
        value: 1,
        detail: 'its unless is 1 now: up{job="database"} == 0',
      },
    },
  },
  cooldown: { situation: { lastAttemptAt: AT - 14 * MINUTE } },
  "budget-exhausted": {
    situation: { rollbacks: [{ decisionId: "d0", at: AT - 3 * HOUR, fromDigest: "digest-0" }] },
  },
  "rollback-failed": {
    situation: { givenUp: { at: AT - 20 * MINUTE, reason: "forbidden", to: revision("1").digest } },
  },
  "gitops-owner": {
    situation: {
      owners: [
        {
          tool: "argocd",
          namespace: "argocd",
          name: "shop",
          seenIn: "annotation argocd.argoproj.io/tracking-id",
        },
      ],
    },
  },
  "target-same-vulnerability": {
    situation: { reports: SCANS },
    firing: { trigger: vulnerability, status: FOUND },
  },
  "target-not-ready": {
    situation: {
      heldBack: [
        {
          kind: "paused",
          namespace: "vcci-production",
          name: "vcci-api",
          detail:
            'deployment "vcci-api" in namespace "vcci-production" is paused, and automation changes nothing on a paused Deployment',
          needsPerson: true,
        },
      ],
    },
  },
  "no-known-good-revision": { situation: { earlier: [revision("1", { standing: "quarantined" })] } },
  "not-confirmed": {
    situation: {
      confirmation: {
        ...CONFIRMED,
        notFiring: "on a second look, error-rate is 0.01, not above 5% (inactive)",
      },
    },
  },
  "awaiting-approval": { firing: { trigger: metricTrigger({ mode: "approve" }) } },
  "observe-mode": { firing: { trigger: metricTrigger({ mode: "observe" }) } },
};

function situationWith({ situation, firing }: Change): Situation {
  return {
    at: AT,
    policy: policy({ runbook: "https://wiki.example/runbooks/vcci-api" }),
    firing: [{ trigger, status, blame: blameOf("blamed"), loadedAt: 0, ...firing }],
    release: release({ revision: RUNNING }),
    earlier: [revision("1", { standing: "good", images: images("1.4.1") })],
    predecessorBreaching: false,
    rollbacks: [],
    lastAttemptAt: undefined,
    gates: OPEN,
    confirmation: CONFIRMED,
    ...situation,
  };
}

function recordFor(id: string, change: Change): DecisionRecord {
  const situation = situationWith(change);
  const decided = decide(situation);
  if (decided === undefined) throw new Error(`${id}: nothing is decided`);
  return decisionRecord(id, decided, situation, new Map());
}

/** A decision to roll back, as the daemon words it. */
export const ROLLBACK: DecisionRecord = recordFor("20260302T100500Z-3f9a1c", {});

/** By reason: the decision that it leads to. */
export const HELD: ReadonlyMap<HoldReason, DecisionRecord> = new Map(
  HOLD_REASONS.map((reason) => [reason, recordFor(`20260302T100500Z-${reason}`, CHANGES[reason])]),
);

/** Those that call people where others of the same reason do not, and the other way round. */
export const VARIANTS: readonly DecisionRecord[] = [
  recordFor("20260302T100500Z-unseen", {
    situation: {
      confirmation: {
        ...CONFIRMED,
        unseen: "the target could not be looked at again: no answer from the API server",
      },
    },
  }),
  recordFor("20260302T100500Z-veto-unheard", {
    firing: {
      veto: {
        expr: "up == 0",
        detail:
          "its unless has no usable answer, so it is not known whether it holds: unreachable: connection refused",
      },
    },
  }),
  recordFor("20260302T100500Z-precheck", {
    situation: {
      objection: {
        detail:
          "the precheck says that it cannot be undone: bash check.sh exited with code 3 after 1.2 s; it printed: column dropped",
        output: "column dropped",
      },
    },
  }),
  recordFor("20260302T100500Z-suspend", {
    situation: {
      policy: policy({ gitops: "suspend" }),
      owners: [{ tool: "flux-helmrelease", namespace: "apps", name: "shop", seenIn: "label x" }],
    },
  }),
  recordFor("20260302T100500Z-relapse", {
    situation: {
      lastAttemptAt: AT - 14 * MINUTE,
      verified: { decisionId: "20260302T095500Z-3f9a1c", at: TEN - 2 * MINUTE, toDigest: RUNNING.digest },
    },
  }),
  recordFor("20260302T100500Z-relapse-observed", {
    situation: {
      verified: { decisionId: "20260302T095500Z-3f9a1c", at: TEN - 2 * MINUTE, toDigest: RUNNING.digest },
    },
    firing: { trigger: metricTrigger({ mode: "observe" }) },
  }),
  recordFor("20260302T100500Z-forbidden", {
    situation: {
      release: undefined,
      unseen:
        'Could not list deployments in namespace "shop": deployments.apps is forbidden. Add to the Role of rollbackd\'s account in namespace "shop": {apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"]}',
    },
    firing: { blame: undefined },
  }),
  recordFor("20260302T100500Z-no-release", {
    situation: { release: undefined },
    firing: { blame: undefined },
  }),
];
