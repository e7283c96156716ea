import type { IncomingWebhookSendArguments } from "@slack/webhook";
import type { Evidence } from "../decisions/decision.ts";
import { chart, range } from "./chart.ts";
import { cut } from "./cut.ts";
import type { Message } from "./message.ts";
import { commandsAt, decisionUrl } from "./public-url.ts";

// Limits of Slack's blocks, in characters and blocks.
const HEADER = 150;
const SECTION = 3000;
const MAX_LINES = 30;
const MAX_CHARTS = 10;

/** The message as blocks, and as one line for notifications of the operating system. */
export function slackBody(message: Message, publicUrl: string | undefined): IncomingWebhookSendArguments {
  const lines = message.lines.filter((line) => line !== "").map((line) => commandsAt(line, publicUrl));
  const shown = lines.length > MAX_LINES ? [...lines.slice(0, MAX_LINES), "…"] : lines;
  return {
    text: escapeWithin(`${message.title}. ${lines[0] ?? ""}`, SECTION),
    unfurl_links: false,
    blocks: [
      { type: "header", text: { type: "plain_text", text: cut(message.title, HEADER), emoji: false } },
      ...shown.map((line) => section(escapeWithin(line, SECTION))),
      ...message.evidence.slice(0, MAX_CHARTS).map((evidence) => section(drawn(evidence))),
      { type: "context", elements: [{ type: "mrkdwn", text: footer(message, publicUrl) }] },
    ],
  };
}

function section(text: string) {
  return { type: "section" as const, text: { type: "mrkdwn" as const, text } };
}

function drawn(evidence: Evidence): string {
  const text = `${evidence.trigger}, threshold ${evidence.threshold}: ${range(evidence.samples)}`;
  return `${escapeWithin(text, SECTION / 2)}\n\`${chart(evidence)}\``;
}

function footer(message: Message, publicUrl: string | undefined): string {
  const { decisionId, logHead, at } = message;
  const link =
    decisionId === undefined
      ? ""
      : publicUrl === undefined
        ? `decision ${escapeWithin(decisionId, 200)} (\`rollbackd log show ${escapeWithin(decisionId, 200)}\`)`
        : `<${decisionUrl(publicUrl, decisionId)}|decision ${escapeWithin(decisionId, 200)}>`;
  const head = logHead === undefined ? "" : `log \`${logHead}\``;
  return [link, at, head].filter((part) => part !== "").join(" · ");
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Escaping makes text longer, and half an escape is none: so it is cut while it is escaped. */
function escapeWithin(text: string, limit: number): string {
  let escaped = "";
  for (const character of text) {
    const next = ESCAPES[character] ?? character;
    if (escaped.length + next.length > limit - 1) {
      return `${escaped}…`;
    }
    escaped += next;
  }
  return escaped;
}
