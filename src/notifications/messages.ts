import type { ChannelName } from "../rules/policy.ts";
import type { DecisionRecord, LogRecord, RollbackRecord, SuspensionRecord } from "../log/record.ts";
import { versionOf } from "../releases/version.ts";
import { formatDuration, formatStamp } from "../text/format.ts";
import { dedupKey, incidentKey, stamp, type Message } from "./message.ts";

/** Records of one type (or several), with their place in the log. */
export type Of<Type extends LogRecord["type"]> = LogRecord & { readonly type: Type };

/** A trigger's change, for the functions that are called for some of its types only. */
export type TriggerChange = Extract<LogRecord, { readonly trigger: string; readonly slot: string }>;

export function ofApplied(record: Of<"rollback.applied">, decision: DecisionRecord | undefined): Message {
  return {
    ...stamp(record),
    ...subject(record),
    event: "info",
    severity: "info",
    title: `The rollback of ${record.target}${to(decision)} was accepted`,
    lines: [record.detail, "Next: rollbackd verifies that its pods run and that this helped."],
    evidence: [],
  };
}

export function blindKey(policy: string): string {
  return dedupKey(["blind", policy]);
}

export function ofBlind(record: Of<"evaluation.blind">): Message {
  return {
    ...stamp(record),
    // What only observes would do nothing even with sight.
    ...(record.observes === true
      ? { event: "info", severity: "warning" }
      : { event: "trigger", severity: "error" }),
    dedupKey: blindKey(record.policy),
    policy: record.policy,
    title: `rollbackd is blind for ${record.policy}`,
    lines: [
      `No endpoint has given a usable answer since ${formatStamp(record.since, record.at)}: ${record.reason}.`,
      "While this lasts nothing is rolled back automatically. Next: check Prometheus, the way to it and ROLLBACKD_PROMETHEUS_URL.",
    ],
    evidence: [],
  };
}

export function ofSighted(record: Of<"evaluation.sighted">): Message {
  return {
    ...stamp(record),
    event: "resolve",
    dedupKey: blindKey(record.policy),
    policy: record.policy,
    severity: "info",
    title: `rollbackd sees ${record.policy} again`,
    lines: [`It was blind for ${formatDuration(record.blindMs)}. Windows are rebuilt from Prometheus.`],
    evidence: [],
  };
}

const RULES_KEY = dedupKey(["rules"]);

export function ofRejected(record: Of<"rules.rejected">): Message {
  return {
    ...stamp(record),
    event: "trigger",
    dedupKey: RULES_KEY,
    severity: "warning",
    title: `Rules were rejected: ${record.problems.length === 1 ? "1 problem" : `${record.problems.length} problems`}`,
    lines: [
      ...record.problems.slice(0, 10),
      ...(record.problems.length > 10 ? [`… and ${record.problems.length - 10} more`] : []),
      "The rules loaded before stay in force. Next: correct the files; `rollbackd check FILE` shows the same problems.",
    ],
    evidence: [],
  };
}

export function ofLoaded(record: Of<"rules.loaded">): Message {
  return {
    ...stamp(record),
    event: "resolve",
    dedupKey: RULES_KEY,
    severity: "info",
    title: "Rules are loaded again",
    lines: [inForce(record), ...changeLines(record)],
    evidence: [],
  };
}

/** Rules that mean something else than before; without one, no message. */
export function ofChanged(record: Of<"rules.loaded">): Message | undefined {
  const { changes = [] } = record;
  if (changes.length === 0) return undefined;
  return {
    ...stamp(record),
    event: "info",
    dedupKey: RULES_KEY,
    severity: "info",
    title: `Rules changed: ${changes.length === 1 ? "1 change" : `${changes.length} changes`}`,
    lines: [
      ...changeLines(record),
      `${inForce(record)} A changed trigger acts only on a window that began after the change. Next: nothing to do if you expected this.`,
    ],
    evidence: [],
  };
}

function inForce({ policies }: Of<"rules.loaded">): string {
  return policies.length === 1 ? "1 policy is in force." : `${policies.length} policies are in force.`;
}

const SHOWN_CHANGES = 20;

function changeLines({ changes = [], seq }: Of<"rules.loaded">): readonly string[] {
  const more = changes.length - SHOWN_CHANGES;
  return more > 0
    ? [...changes.slice(0, SHOWN_CHANGES), `… and ${more} more: rollbackd log show ${seq}`]
    : changes;
}

/** An incident that nobody rolled back has ended by itself or by a person's hand. */
export function ofQuiet(
  record: TriggerChange,
  incident: { readonly dedupKey: string; readonly target: string },
): Message {
  return {
    ...stamp(record),
    event: "resolve",
    dedupKey: incident.dedupKey,
    policy: record.policy,
    target: incident.target,
    severity: "info",
    title: `${incident.target}: no trigger fires any more`,
    lines: [record.reason, "Next: nothing to do."],
    evidence: [],
  };
}

/** An incident in which nothing fires ends because of what runs now. */
export function ofReplaced(
  record: Of<"release.observed"> | Of<"rollback.verified">,
  { dedupKey, target }: { readonly dedupKey: string; readonly target: string },
  why: string,
): Message {
  return {
    ...stamp(record),
    event: "resolve",
    dedupKey,
    policy: record.policy,
    target,
    severity: "info",
    title: `${target}: the incident is over`,
    lines: [`No trigger fires, and ${why}.`, "Next: nothing to do."],
    evidence: [],
  };
}

/** Nothing will be said of it any more, so the page must not stay open for ever. */
export function ofGone(
  record: Of<"rules.loaded">,
  incident: { readonly dedupKey: string; readonly target: string },
): Message {
  return {
    ...stamp(record),
    event: "resolve",
    dedupKey: incident.dedupKey,
    target: incident.target,
    severity: "info",
    title: `${incident.target}: its policy is no longer in the rules`,
    lines: [
      "Nothing is known of it from here on. Next: look at the target, if it was not well when that was done.",
    ],
    evidence: [],
  };
}

const CHANNEL_TITLES = {
  slack: "Slack",
  pagerduty: "PagerDuty",
  statuspage: "Statuspage",
  webhook: "the webhook",
} as const satisfies Record<ChannelName, string>;

/** At the beginning of a sentence. */
function channelTitle(name: ChannelName): string {
  const title = CHANNEL_TITLES[name];
  return `${title.charAt(0).toUpperCase()}${title.slice(1)}`;
}

/** What one channel could not be told, for the others. Never for the users: whatever failed, this is about us. */
export function ofFailedDelivery(record: Of<"notification.failed">, original: Message): Message {
  const channel = channelTitle(record.channel);
  const { news: _, spell: __, ...internal } = original;
  return {
    ...internal,
    ...stamp(record),
    // Only a page stays what it is. Other failures are incidents of their own: what should have been said may belong
    // to one that is already closed.
    ...(record.channel === "pagerduty"
      ? {}
      : { event: "trigger" as const, severity: "warning" as const, dedupKey: failureKey(record.channel) }),
    title: `${channel} could not be told: ${original.title}`,
    lines: [
      ...original.lines,
      `${channel}: ${record.error} (${record.attempts === 1 ? "1 attempt" : `${record.attempts} attempts`}). ` +
        `Next: check the settings of ${CHANNEL_TITLES[record.channel]}; the log has what it should have said${whereInLog(original)}.`,
    ],
  };
}

function whereInLog({ decisionId }: Message): string {
  return decisionId === undefined ? "" : `: rollbackd log show ${decisionId}`;
}

export function failureKey(channel: ChannelName): string {
  return dedupKey(["notifications", channel]);
}

export function ofDeliveryAgain(record: Of<"notification.delivered">): Message {
  return {
    ...stamp(record),
    event: "resolve",
    dedupKey: failureKey(record.channel),
    severity: "info",
    title: `${channelTitle(record.channel)} can be told again`,
    lines: ["What it missed: rollbackd log list --type notification.failed"],
    evidence: [],
  };
}

/** What was queued by a version of rollbackd that told things differently. */
export function ofForgotten(record: Of<"notification.queued">): Message {
  return {
    ...stamp(record),
    event: record.event,
    dedupKey: record.dedupKey,
    ...(record.policy === undefined ? {} : { policy: record.policy }),
    ...(record.decisionId === undefined ? {} : { decisionId: record.decisionId }),
    severity: record.event === "trigger" ? "error" : "info",
    title: `${record.policy ?? "rollbackd"}: see record ${record.cause} of the decision log`,
    lines: [
      "It was queued by another version of rollbackd, which told it in words of its own. " +
        `Next: read what happened: rollbackd log show ${record.cause}`,
    ],
    evidence: [],
  };
}

/** The one incident of the log itself. */
export const LOG_KEY = dedupKey(["log"]);

/** Nothing can be recorded, so nothing is done; this cannot be read in the log either and is told past it. */
export function ofUnwritableLog(detail: string, at: number): Message {
  return {
    at: new Date(at).toISOString(),
    event: "trigger",
    dedupKey: LOG_KEY,
    severity: "critical",
    title: "rollbackd cannot write its decision log and will not act",
    lines: [detail],
    evidence: [],
  };
}

export function ofWritableLog(at: number): Message {
  return {
    at: new Date(at).toISOString(),
    event: "resolve",
    dedupKey: LOG_KEY,
    severity: "info",
    title: "rollbackd can write its decision log again",
    lines: ["Automatic rollbacks are possible again."],
    evidence: [],
  };
}

/** What a record of a decision or of its rollback is about. */
export function subject(record: (DecisionRecord | RollbackRecord | SuspensionRecord) & LogRecord) {
  return {
    dedupKey: incidentKey(record.target, record.release),
    policy: record.policy,
    target: record.target,
    decisionId: record.decisionId,
    ...(record.release === undefined ? {} : { release: record.release }),
  };
}

/** Those that say something. */
export function present(...lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line !== "");
}

/** Where the policy's author says what to do. */
export function runbook(decision: DecisionRecord | undefined): Pick<Message, "runbook"> {
  return decision?.runbook === undefined ? {} : { runbook: decision.runbook };
}

/** ` to 1.4.1`, or nothing where that is not known. */
export function to({ from, to: back }: Pick<DecisionRecord, "from" | "to"> = {}): string {
  return back === undefined ? "" : ` to ${versionOf(back, from)}`;
}
