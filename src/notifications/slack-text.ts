import { visibleLine } from "../text/visible.ts";
import { cut } from "./cut.ts";

/*
 * Text from outside goes to Slack as plain_text, in which nothing is markup, a link, a mention or an emoji. Only the
 * line for notifications of the operating system and the footer must be mrkdwn; what is from outside in them goes
 * through `mrkdwn`.
 */

export function plainText(text: string, limit: number) {
  return { type: "plain_text" as const, text: cut(visibleLine(text), limit) || "–", emoji: false as const };
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
/** Slack has no escapes for these. Each stand-in looks like its mark and means nothing to Slack. */
const STAND_INS: Readonly<Record<string, string>> = {
  "*": "∗",
  "~": "∼",
  "`": "ˋ",
  _: "ˍ",
  ":": "∶",
  "@": "＠",
};
const MARKUP =
  /(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|[*~`@]|:(?=\/\/|[a-z_+-][\w+-]*:)|(?<=mailto|tel|javascript|data):/giu;

/**
 * Text that is no markup in mrkdwn, and of which Slack makes no link, mention or emoji. Escaping makes text longer, and
 * half an entity is none: so it is cut while it is escaped.
 */
export function mrkdwn(text: string, limit: number): string {
  let escaped = "";
  for (const character of visibleLine(text).replaceAll(MARKUP, (mark) => STAND_INS[mark] ?? mark)) {
    const next = ENTITIES[character] ?? character;
    if (escaped.length + next.length > limit - 1) return `${escaped}…`;
    escaped += next;
  }
  return escaped;
}

/** A link to an address of our own or of the policy's author; the text alone where it is none. */
export function slackLink(text: string, address: string): string {
  if (!/^https?:\/\//iu.test(address) || !URL.canParse(address)) return mrkdwn(`${text}: ${address}`, 500);
  const { href } = new URL(address);
  return `<${href.replaceAll(/[<>|]/gu, encodeURIComponent)}|${mrkdwn(text, 250)}>`;
}
