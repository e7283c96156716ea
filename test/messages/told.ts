import type { DecisionRecord, LogRecord, RecordBody } from "../../src/log/record.ts";
import { addressed } from "../../src/notifications/audience.ts";
import {
  ofDeliveryAgain,
  ofFailedDelivery,
  ofForgotten,
  ofUnwritableLog,
  ofWritableLog,
} from "../../src/notifications/messages.ts";
import type { Message } from "../../src/notifications/message.ts";
import { createTeller } from "../../src/notifications/teller.ts";
import type { ActFailure } from "../../src/rollback/act.ts";
import type { ChannelName } from "../../src/rules/policy.ts";
import type { VerificationFailure } from "../../src/verification/judge.ts";
import { recordsOf } from "../notifications/memory-log.ts";
import { trigger } from "../notifications/story.ts";
import { TEN } from "../support/model.ts";
import { HELD, ROLLBACK, VARIANTS } from "./decided.ts";
import { RECORDS } from "./records.ts";
import type { Shown } from "./shown.ts";

const GROUP = "Slack, PagerDuty and the webhook";

/** Every way to fail; one more does not compile without its place here. */
const FAILURES: Readonly<Record<ActFailure | VerificationFailure, string>> = {
  superseded: "vcci-production/vcci-api now runs 3, not 2.",
  "target-missing": 'There is no deployment "vcci-api" in namespace "vcci-production".',
  "revision-missing": "No ReplicaSet holds the template of revision 1 any more.",
  paused: 'deployment "vcci-api" in namespace "vcci-production" is paused.',
  "gitops-not-suspended":
    "Flux Kustomization flux-system/apps could not be suspended and would undo the rollback: it is forbidden.",
  forbidden: 'Could not patch deployment "vcci-api": it is forbidden.',
  rejected: 'admission webhook "policy.example" denied the request: no changes on Fridays.',
  conflict: "It was changed by others five times in a row.",
  unreachable: "No answer from https://10.0.0.1:6443 within 10 s.",
  frozen: "token:alice froze it at 2026-03-02 10:04:00Z until it is resumed.",
  "not-begun": "The daemon was stopped before it began.",
  "script-missing": "rollback.sh: there is no such file.",
  "script-not-executable": "rollback.sh may not be executed.",
  "script-failed": "sh rollback.sh exited with code 3 after 1.2 s.",
  "script-timeout": "sh rollback.sh was ended after 10 min.",
  interrupted: "The daemon was stopped during the act; what the target runs cannot be seen.",
  "rollout-timeout": "rollout not complete after 10 min: 1 of 3 pods updated, 1 ready.",
  "rollout-stalled": "rollout stalled: 1 of 3 pods updated, 0 ready.",
  "probe-timeout": "http://vcci-api:8000/health/ready failed 9 times, last with HTTP 503.",
  "smoke-failed": "sh smoke.sh exited with code 1 after 3.4 s.",
  "recovery-timeout": "error-rate still fires after 10 min: it is 11.2 %, above 5 %.",
  "recovery-unknown": "error-rate is unknown since 2026-03-02 10:08:00Z: low-traffic.",
  "held-back": "Pods 0 to 1 stay with 2, for the partition of the StatefulSet is 2.",
  "rollout-blocked": "vcci-api-2 of the bad release never got ready, and the StatefulSet waits for it.",
  "target-not-ready": "Deployment vcci-api-blue has 1 of 3 pods ready after 10 min.",
  "partly-applied": "vcci-api was moved, vcci-worker was not: it is paused.",
  "log-unwritable": "The decision log cannot be written: no space left on device (ENOSPC).",
  "not-leader": "rollbackd-1 leads since 2026-03-02 10:05:00Z.",
  "mass-breach": "3 of 4 targets fire at once, which no single release explains.",
  "outside-guard-period": "vcci-production/vcci-api@2 has been live for 1h, longer than its guard period.",
  "breach-predates-release": "It was breaching before vcci-production/vcci-api@2 started.",
  "window-before-release": "Its window begins before what counts against vcci-production/vcci-api@2.",
  "rule-changed": "The rules of vcci-api were changed or taken away.",
  "release-not-reversible": "sh precheck.sh exited with code 1 after 1.2s.",
  vetoed: "Its unless is 1 now: mysql_up == bool 0.",
  cooldown: "The last rollback of the target began 14m ago, within the cooldown of 15m.",
  "budget-exhausted": "1 of 1 rollbacks in 24h are spent.",
  "gitops-owner": "Argo CD application shop keeps it as it is in Git.",
  "no-known-good-revision": "None of the earlier revisions will do: 1 (quarantined).",
  "target-same-vulnerability": "CVE-2026-0001 is in revision 1 as well.",
  "not-confirmed": "Every trigger that fired has been healthy since: error-rate 0.01 is not above 5%.",
};

export function told(): readonly Shown[] {
  return [
    ...said("a rollback is begun", [ROLLBACK]),
    ...[...HELD].flatMap(([reason, record]) => said(`${record.decision}, ${reason}`, [record])),
    ...VARIANTS.flatMap((record) => said(`${record.decision}, ${record.reason}, otherwise`, [record])),
    ...Object.entries(FAILURES).flatMap(([reason, detail]) =>
      last(`a rollback failed: ${reason}`, [ROLLBACK, started(ROLLBACK), failed(ROLLBACK, reason, detail)]),
    ),
    ...last("a rollback was given up", [
      ROLLBACK,
      started(ROLLBACK),
      { ...failed(ROLLBACK, "forbidden", FAILURES.forbidden), changed: false, gaveUp: true },
    ]),
    ...last("a rollback was held between two tries", [
      ROLLBACK,
      started(ROLLBACK),
      { ...failed(ROLLBACK, "frozen", FAILURES.frozen), changed: false },
    ]),
    ...last("another rollbackd was faster", [
      ROLLBACK,
      started(ROLLBACK),
      {
        ...failed(ROLLBACK, "superseded", "Another rollbackd rolled vcci-production/vcci-api back from 2."),
        changed: false,
        peer: "d-other",
      },
    ]),
    ...recordStories(),
    ...approvedInVain(),
    ...aboutChannels(),
  ];
}

function started({ policy, target, decisionId }: DecisionRecord): RecordBody {
  return RECORDS["rollback.started"].map((record) => ({
    ...record,
    policy,
    target,
    decisionId,
  }))[0] as RecordBody;
}

function failed(
  { policy, target, release = "", decisionId }: DecisionRecord,
  reason: string,
  detail: string,
): RecordBody & { readonly type: "rollback.failed" } {
  return { type: "rollback.failed", policy, target, release, decisionId, reason, detail };
}

/** What each other record by itself, or after what it needs, makes people hear. */
function recordStories(): readonly Shown[] {
  const waiting = HELD.get("awaiting-approval");
  const before: readonly RecordBody[] = [...RECORDS["trigger.firing"], ...(waiting ? [waiting] : [])];
  return Object.entries(RECORDS)
    .filter(
      ([type]) => !["decision.made", "rollback.failed"].includes(type) && !type.startsWith("notification."),
    )
    .flatMap(([type, bodies]) => bodies.flatMap((body) => last(type, [...leadTo(body, before), body])));
}

/** What whoever approved a rollback hears when it does not come. */
function approvedInVain(): readonly Shown[] {
  const [waiting, frozen] = [HELD.get("awaiting-approval"), HELD.get("frozen")];
  if (waiting === undefined || frozen === undefined) throw new Error("every reason to hold has its record");
  const asked = [...RECORDS["trigger.firing"], waiting];
  const approved = RECORDS["operator.approve"];
  return [
    ...last("approved while something stands in the way", [...asked, frozen, ...approved]),
    ...last("approved, and then something stands in the way", [...asked, ...approved, frozen]),
    ...last("approved, and not done in time", [...asked, ...approved, ...RECORDS["approval.expired"]]),
    ...last("approved, and withdrawn", [...asked, ...approved, ...RECORDS["approval.withdrawn"]]),
    ...last("a trigger that said nothing is known again", [
      ...RECORDS["evaluation.no-data"],
      ...RECORDS["evaluation.no-data"].map(({ policy, trigger: name }) => trigger("resolved", name, policy)),
    ]),
  ];
}

function leadTo(body: RecordBody, waiting: readonly RecordBody[]): readonly RecordBody[] {
  if (
    body.type === "operator.approve" ||
    body.type === "operator.reject" ||
    body.type.startsWith("approval.")
  )
    return waiting;
  if (body.type === "trigger.resolved")
    return [
      ...RECORDS["trigger.firing"],
      ...(HELD.get("cooldown") ? [HELD.get("cooldown") as RecordBody] : []),
    ];
  if (body.type === "rules.loaded") return RECORDS["rules.rejected"];
  if (body.type === "rollback.applied" || body.type === "rollback.verified") return [ROLLBACK];
  if (body.type === "evaluation.sighted") return RECORDS["evaluation.blind"].slice(0, 1);
  return [];
}

const CHANNELS: readonly ChannelName[] = ["slack", "pagerduty", "statuspage", "webhook"];

function aboutChannels(): readonly Shown[] {
  const [record] = recordsOf([ROLLBACK]);
  const [original] = record === undefined ? [] : createTeller()(record);
  if (record === undefined || original === undefined) throw new Error("a rollback is told");
  const of = (channel: ChannelName) => ({ policy: "vcci-api", notificationId: "n", channel });
  const records = CHANNELS.map((channel) => {
    const [failed] = recordsOf([
      { type: "notification.failed", ...of(channel), attempts: 7, error: "HTTP 404: no_service" },
    ]);
    const [delivered] = recordsOf([{ type: "notification.delivered", ...of(channel), attempts: 1 }]);
    return { channel, failed, delivered };
  });
  const [queued] = recordsOf([
    { type: "notification.queued", ...of("slack"), event: "trigger", dedupKey: "rollbackd/old", cause: 12 },
  ]);
  return [
    ...records.flatMap(({ channel, failed, delivered }) => [
      shown(`${channel} could not be told`, ofFailedDelivery(failed as never, original)),
      shown(`${channel} can be told again`, ofDeliveryAgain(delivered as never)),
    ]),
    shown("told by another version", ofForgotten(queued as never)),
    shown(
      "the log cannot be written",
      ofUnwritableLog(
        "The decision log in /var/lib/rollbackd/decisions cannot be written: no space left on device (ENOSPC). Free space or repair the volume.",
        TEN,
      ),
    ),
    shown("the log can be written again", ofWritableLog(TEN)),
  ];
}

/** What the records make people hear, all of it. */
function said(name: string, bodies: readonly RecordBody[]): readonly Shown[] {
  return recordsOf(bodies)
    .flatMap(createTeller())
    .map((message) => shown(name, message));
}

/** What the last of them adds. */
function last(name: string, bodies: readonly RecordBody[]): readonly Shown[] {
  const tell = createTeller();
  const messages = recordsOf(bodies).map((record: LogRecord) => tell(record));
  return (messages.at(-1) ?? []).map((message) => shown(name, message));
}

function shown(name: string, message: Message): Shown {
  const channels = addressed(message)
    .filter(({ channel }) => channel !== "statuspage")
    .map(({ channel }) => channel);
  const head = `[${message.event}, ${message.severity}; ${channels.join(", ")}] ${message.title}`;
  return {
    group: GROUP,
    name,
    text: [head, ...message.lines].join("\n"),
    ...(message.severity === "info" && { isNews: true as const }),
  };
}
