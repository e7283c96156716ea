import { createHash } from "node:crypto";
import type { Evidence } from "../decisions/decision.ts";
import type { LogRecord, NotificationEvent } from "../log/record.ts";
import type { StatusStage } from "../rules/status-page.ts";

/** What is to be told, whatever the channel. */
export interface Message {
  /** trigger: somebody must act or watch; resolve: no more; info: good to know, pages nobody. */
  readonly event: NotificationEvent;
  /** The same for everything about one incident; at most 255 characters. */
  readonly dedupKey: string;
  /**
   * The key of the incident that this belongs to, where its own is another: an open page that somebody acknowledged
   * does not ring again, so what needs a person anew has a key of its own.
   */
  readonly incident?: string;
  /** It only closes such a page; what it says was said with the end of the incident. */
  readonly closes?: true;
  /** Several say the same of one incident: a channel that was told of it is not told again. */
  readonly once?: true;
  readonly severity: "critical" | "error" | "warning" | "info";
  /** What happened, in one line. */
  readonly title: string;
  /** The numbers, what was done, and last what happens next or what to do; one paragraph each. */
  readonly lines: readonly string[];
  /** Windows to be drawn. */
  readonly evidence: readonly Evidence[];
  /** When it happened, RFC 3339. */
  readonly at: string;
  /** What it is about. */
  readonly policy?: string;
  readonly target?: string;
  readonly release?: string;
  readonly decisionId?: string;
  /** Where the policy's author says what to do. */
  readonly runbook?: string;
  /** `HASH@SEQ` of the causing record: a note, outside the log, of how far the log went. */
  readonly logHead?: string;
  /**
   * What is only good to know, and has an end: where a policy's people read nothing but incidents, it is one there.
   * Nobody else is told of the end.
   */
  readonly spell?: "begins" | "ends";
  /** What of it is for the users of the service; nothing of it is where this is not there. */
  readonly news?: News;
}

/** What a record means to the users of the service. Nothing else of a message is for their eyes. */
export interface News {
  readonly stage: StatusStage;
  /** The same for everything about one incident or maintenance on the page. */
  readonly key: string;
  /** RFC 3339: when it began for the users, which is when it was decided or asked for. */
  readonly startedAt: string;
  readonly from?: string;
  readonly to?: string;
}

/** Limit of PagerDuty. */
const MAX_KEY = 255;
const TAIL = 17;

/** One incident a target and release. */
export function incidentKey(target: string, release: string | undefined): string {
  return dedupKey([target, release ?? "no-release"]);
}

/** Of a page that must ring although the incident of the key `first` is open; it names that incident. */
function ringKey(
  first: string,
  what: "failed" | "approval" | "blocked" | "held" | "retrying",
  id: string,
): string {
  return dedupKey([first.slice(PREFIX.length), what, id]);
}

/** What a message has for that. */
export function ring(
  ...[first, ...rest]: Parameters<typeof ringKey>
): Pick<Message, "dedupKey" | "incident"> {
  return { dedupKey: ringKey(first, ...rest), incident: first };
}

const PREFIX = "rollbackd/";

/** `rollbackd/…`; what does not fit is replaced by a hash of the whole, so that different keys stay different. */
export function dedupKey(parts: readonly string[]): string {
  const key = ["rollbackd", ...parts].join("/");
  return key.length <= MAX_KEY
    ? key
    : `${key.slice(0, MAX_KEY - TAIL)}~${createHash("sha256")
        .update(key)
        .digest("hex")
        .slice(0, TAIL - 1)}`;
}

/** What every message takes over from the record that causes it. */
export function stamp(record: LogRecord): Pick<Message, "at" | "logHead"> {
  // A record that the log could not take has no place in it.
  return { at: record.at, ...(record.seq === 0 ? {} : { logHead: `${record.hash}@${record.seq}` }) };
}
