import { createHash, createHmac } from "node:crypto";
import { formatThreshold } from "../text/format.ts";
import { visibleDeep } from "../text/visible.ts";
import { range } from "./chart.ts";
import { cut } from "./cut.ts";
import type { Message } from "./message.ts";
import { commandsAt, decisionUrl } from "./public-url.ts";

const TITLE = 1024;
const LINE = 4000;
const MAX_LINES = 60;
const MAX_EVIDENCE = 20;

/** The message as JSON, version 1. Fields may be added; none changes its name or meaning. docs/webhook.md has them. */
export function webhookBody(raw: Message, publicUrl: string | undefined) {
  const message = { ...visibleDeep(raw), dedupKey: raw.dedupKey };
  const { event, dedupKey, severity, title, at, decisionId, lines, evidence } = message;
  return {
    version: 1,
    id: idempotencyKey(raw),
    event,
    incident: dedupKey,
    partOf: message.incident ?? null,
    severity,
    at,
    title: cut(title, TITLE),
    lines: lines
      .filter((line) => line !== "")
      .slice(0, MAX_LINES)
      .map((line) => cut(commandsAt(line, publicUrl), LINE)),
    policy: message.policy ?? null,
    target: message.target ?? null,
    release: message.release ?? null,
    decision: decisionId ?? null,
    url: decisionId === undefined || publicUrl === undefined ? null : decisionUrl(publicUrl, decisionId),
    evidence: evidence.slice(0, MAX_EVIDENCE).map((shown) => ({
      trigger: shown.trigger,
      threshold: formatThreshold(shown.threshold),
      summary: cut(shown.summary, LINE),
      range: range(shown),
    })),
    runbook: message.runbook ?? null,
    logHead: message.logHead ?? null,
  };
}

/** The same for each attempt to deliver one message, also after a restart. */
function idempotencyKey({ dedupKey, event, logHead, at }: Message): string {
  return createHash("sha256")
    .update(JSON.stringify([dedupKey, event, logHead ?? at]))
    .digest("hex")
    .slice(0, 32);
}

/** HMAC-SHA256, hex, over `timestamp.body`. */
export function signature(secret: string, timestamp: string, body: string): string {
  return createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
}
