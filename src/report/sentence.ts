import type { LogRecord } from "../log/record.ts";
import { type Versioned, versionOf } from "../releases/version.ts";
import { formatDuration, formatStamp } from "../text/format.ts";
import { checkpointLines } from "../notifications/checkpoint.ts";
import { missingText } from "../notifications/rights.ts";

type Sentences = {
  readonly [Type in LogRecord["type"]]: (record: LogRecord & { readonly type: Type }) => string;
};

const reasonOf = ({ reason }: { readonly reason: string }): string => reason;

const SENTENCES: Sentences = {
  "daemon.started": ({ version, note }) => `version ${version}${note === undefined ? "" : `; ${note}`}`,
  "daemon.stopped": ({ cause }) => cause,
  "rules.loaded": ({ policies, changes = [] }) =>
    `in force: ${listed(policies.map(({ policy }) => policy)) || "no policies"}` +
    (changes.length === 0 ? "" : `; ${listed(changes, "; ")}`),
  "rules.rejected": ({ problems }) =>
    `the rules before stay in force; problems (${problems.length}): ${problems.join("; ")}`,
  "rights.missing": ({ missing }) => missing.map(missingText).join(" "),
  "rights.granted": () => "rollbackd has all rights that it needs in the cluster",
  "release.observed": ({
    target,
    revision,
    images,
    previous,
    cause,
    startedAt,
    quarantined,
    writtenBy,
    by,
    note,
  }) =>
    `${target} runs ${versionText({ revision, images }, previous)} ` +
    `(${cause}), since ${formatStamp(startedAt)}${quarantined ? "; this revision was rolled back before" : ""}` +
    (writtenBy === undefined ? "" : `; written by ${writtenBy}`) +
    (by === undefined ? "" : `; told by ${by}${noted(note)}`),
  "release.ready": ({ release, clockAt }) => `${release} is guarded from ${formatStamp(clockAt)} on`,
  "release.promoted": ({ release }) => `${release} is known to be good`,
  "release.superseded": ({ release, by }) => `${release} was replaced by ${by}`,
  "trigger.pending": reasonOf,
  "trigger.firing": reasonOf,
  "trigger.resolved": reasonOf,
  "trigger.unknown": reasonOf,
  "evaluation.blind": ({ since, reason, at }) =>
    `no usable answer since ${formatStamp(since, at)}: ${reason}`,
  "evaluation.no-data": ({ trigger, since, reason, at }) =>
    `${trigger} says nothing since ${formatStamp(since, at)}: ${reason}`,
  "evaluation.sighted": ({ blindMs }) => `sees again after ${formatDuration(blindMs)}`,
  "decision.made": ({ decision, reason, summary }) =>
    `${decision === "rollback" ? "" : `${decision}, ${reason}: `}${summary}`,
  "rollback.started": ({ target, from, to, strategy }) =>
    `${target} from ${versionOf(from, to)} to ${versionOf(to, from)} (${strategy})`,
  "gitops.suspended": ({ detail, resume }) => `${detail} Resume it with: ${resume}`,
  "rollback.waiting": ({ target, detail }) => `${target}: ${detail}`,
  "rollback.retrying": ({ target, reason, detail, until }) =>
    `${target}: ${reason}: ${detail} It is tried again until ${until}.`,
  "rollback.applied": ({ target, detail }) => `${target}: ${detail}`,
  "rollback.verified": ({ target, detail }) => `${target}: ${detail}`,
  "rollback.failed": ({ target, reason, detail }) => `${target}: ${reason}: ${detail}`,
  "operator.rollback": ({ by, reason, note, to, target }) =>
    `${by} asks to roll ${target} back${to === undefined ? "" : ` to ${to}`}: ${reason}${noted(note)}`,
  "operator.freeze": ({ by, note, until }) =>
    `${by} freezes automation ${until === undefined ? "until it is resumed" : `until ${formatStamp(until)}`}${noted(note)}`,
  "operator.resume": ({ by, note }) => `${by} lets automation act again${noted(note)}`,
  "freeze.expired": ({ holder, until, at }) =>
    `the freeze${holder === undefined ? "" : ` of ${holder}`} expired at ${formatStamp(until, at)}`,
  "freeze.ending": ({ holder, until, triggers, actsFrom, at }) =>
    `the freeze of ${holder} ends at ${formatStamp(until, at)} while ${triggers.join(", ")} fires; automation may act from ${formatStamp(actsFrom, at)}`,
  "hold.prolonged": ({ target, reason, triggers, since, detail, at }) =>
    `${triggers.join(", ")} fires, and ${target} has been held (${reason}) since ${formatStamp(since, at)}: ${detail}`,
  "operator.approve": ({ by, note }) => `${by} approves${noted(note)}`,
  "operator.reject": ({ by, note }) => `${by} rejects${noted(note)}`,
  "approval.expired": ({ detail }) => detail,
  "approval.withdrawn": ({ detail }) => detail,
  "checkpoint.passed": (record) => checkpointLines(record).join("; "),
  "checkpoint.failed": (record) => checkpointLines(record).join("; "),
  "vulnerabilities.received": ({ by, images, found }) =>
    `${by} sends a report on ${images.join(", ")}: ${Object.entries(found)
      .map(([severity, count]) => `${count} ${severity}`)
      .join(", ")}`,
  "notification.queued": ({ channel, event, cause }) => `${channel} ${event}, caused by record ${cause}`,
  "notification.delivered": ({ channel, attempts }) => `${channel}, ${counted(attempts)}`,
  "notification.failed": ({ channel, attempts, error }) =>
    `${channel} given up after ${counted(attempts)}: ${error}`,
};

/** What a record says, in one line; empty for a type that only a later version knows. */
export function phrase(record: LogRecord): string {
  const say = SENTENCES[record.type] as ((record: LogRecord) => string) | undefined;
  return say?.(record) ?? "";
}

/** The same with the id of the decision before it, where there is one. */
export function sentence(record: LogRecord): string {
  const text = phrase(record);
  const isOfNotification = record.type.startsWith("notification.");
  if (text === "" || isOfNotification || !("decisionId" in record)) return text;
  return `[${record.decisionId}] ${text}`;
}

const LISTED = 10;

function listed(texts: readonly string[], between = ", "): string {
  const more = texts.length - LISTED;
  return [...texts.slice(0, LISTED), ...(more > 0 ? [`${more} more`] : [])].join(between);
}

/** `1.4.2 after 1.4.1` */
function versionText(
  { revision, images = {} }: { readonly revision: string; readonly images: Versioned["images"] | undefined },
  previous: Versioned | undefined,
): string {
  const now = { revision, images };
  return `${versionOf(now, previous)}${previous === undefined ? "" : ` after ${versionOf(previous, now)}`}`;
}

function noted(note: string | undefined): string {
  return note === undefined ? "" : ` (${note})`;
}

function counted(attempts: number): string {
  return attempts === 1 ? "1 attempt" : `${attempts} attempts`;
}
