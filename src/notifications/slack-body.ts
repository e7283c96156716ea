import type { IncomingWebhookSendArguments } from "@slack/webhook";
import type { Evidence } from "../decisions/decision.ts";
import { formatInstant } from "../text/format.ts";
import { chart, evidenceText } from "./chart.ts";
import { headOf } from "./log-head.ts";
import type { Message } from "./message.ts";
import { commandsAt, decisionUrl } from "./public-url.ts";
import { mrkdwn, plainText, slackLink } from "./slack-text.ts";

// Limits of Slack's blocks, in characters and blocks.
const HEADER = 150;
const SECTION = 3000;
const MAX_LINES = 24;
const MAX_CHARTS = 10;

/** The message as blocks, and as one line for notifications of the operating system. */
export function slackBody(
  message: Message,
  publicUrl: string | undefined,
): IncomingWebhookSendArguments & { readonly parse: "none" } {
  const lines = message.lines.filter((line) => line !== "").map((line) => commandsAt(line, publicUrl));
  const shown = lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES), "…"] : lines;
  return {
    text: mrkdwn(`${message.title}. ${lines[0] ?? ""}`, SECTION),
    parse: "none",
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: "header", text: plainText(message.title, HEADER) },
      ...shown.map((line) => section(line)),
      ...message.evidence.slice(0, MAX_CHARTS).flatMap(drawn),
      {
        type: "context",
        elements: [{ type: "mrkdwn", verbatim: true, text: footer(message, publicUrl) }],
      },
    ],
  };
}

function section(line: string) {
  return { type: "section" as const, text: plainText(line, SECTION) };
}

/** What was measured, and the picture of it where there is more than one value. */
function drawn(evidence: Evidence) {
  const text = section(evidenceText(evidence));
  const picture = { type: "mrkdwn" as const, verbatim: true, text: `\`${chart(evidence)}\`` };
  return evidence.samples.length < 2 ? [text] : [text, { type: "section" as const, text: picture }];
}

/** Where to read on, when it happened, and how far the log went. */
function footer(
  { decisionId, logHead, at, runbook, incident }: Message,
  publicUrl: string | undefined,
): string {
  const parts = [
    ...(runbook === undefined ? [] : [slackLink("runbook", runbook)]),
    ...(decisionId === undefined ? [] : [decisionText(decisionId, publicUrl)]),
    ...(incident === undefined ? [] : [`incident ${mrkdwn(incident, 300)}`]),
    formatInstant(Date.parse(at)),
    ...(logHead === undefined ? [] : [`log ${headOf(logHead)}`]),
  ];
  return parts.join(" · ");
}

function decisionText(decisionId: string, publicUrl: string | undefined): string {
  return publicUrl === undefined
    ? `\`rollbackd log show ${mrkdwn(decisionId, 200)}\``
    : slackLink(`decision ${decisionId}`, decisionUrl(publicUrl, decisionId));
}
