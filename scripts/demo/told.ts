import type { Received } from "../../test/support/receivers.ts";

interface SlackBody {
  readonly blocks: readonly {
    readonly type: string;
    readonly text?: { readonly text: string };
    readonly elements?: readonly { readonly text: string }[];
  }[];
}

/** What the demo reads of an event of PagerDuty's. */
export interface PagerDutyBody {
  readonly event_action: string;
  readonly dedup_key: string;
  readonly payload: {
    readonly summary: string;
    readonly severity: string;
    readonly custom_details: { readonly what: readonly string[]; readonly windows: readonly string[] };
  };
}

/** A message as people see it in Slack: a bold title, its paragraphs, a small footer. */
export function slackLines({ body }: Received): {
  readonly title: string;
  readonly lines: readonly string[];
} {
  const [header, ...blocks] = (body as SlackBody).blocks;
  const texts = blocks.flatMap(({ text, elements = [] }) => (text === undefined ? elements : [text]));
  return { title: header?.text?.text ?? "", lines: texts.flatMap(({ text }) => readable(text).split("\n")) };
}

/** An incident as people see it in PagerDuty. */
export function pagerDutyLines({ body }: Received): {
  readonly title: string;
  readonly lines: readonly string[];
} {
  const { event_action: action, dedup_key: key, payload } = body as PagerDutyBody;
  const { what, windows } = payload.custom_details;
  return {
    title: `${action}, ${payload.severity}: ${payload.summary}`,
    lines: [...what, ...windows, `key ${key}`],
  };
}

/** Slack's markup taken away: `<address|text>`, back quotes, escapes. */
function readable(text: string): string {
  return text
    .replaceAll(/<[^|>]+\|([^>]+)>/gu, "$1")
    .replaceAll("`", "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
