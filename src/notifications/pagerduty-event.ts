import { visibleLine } from "../text/visible.ts";
import { chart, evidenceText } from "./chart.ts";
import { cut } from "./cut.ts";
import { headOf } from "./log-head.ts";
import type { Message } from "./message.ts";
import { commandsAt, decisionUrl } from "./public-url.ts";

const SUMMARY = 1024;
// An event may have 512 KB. These bounds keep it far below, whatever it says.
const MAX_LINES = 40;
const LINE = 2000;
const MAX_CHARTS = 20;
const NAME = 255;

/** The event without its routing key. */
export function pagerDutyEvent(message: Message, publicUrl: string | undefined) {
  const { event, dedupKey, decisionId, severity, target, policy, evidence } = message;
  const short = (text: string, limit: number): string => cut(visibleLine(text), limit);
  const source = short(target ?? policy ?? "rollbackd", NAME);
  return {
    event_action: event === "resolve" ? "resolve" : "trigger",
    dedup_key: dedupKey,
    client: "rollbackd",
    payload: {
      summary: short(message.title, SUMMARY),
      source,
      severity,
      timestamp: message.at,
      component: short(policy ?? "rollbackd", NAME),
      ...(target?.includes("/") === true ? { group: short(target.slice(0, target.indexOf("/")), NAME) } : {}),
      ...(evidence[0] === undefined ? {} : { class: short(evidence[0].trigger, NAME) }),
      custom_details: {
        what: message.lines
          .filter((line) => line !== "")
          .slice(0, MAX_LINES)
          .map((line) => short(commandsAt(line, publicUrl), LINE)),
        windows: evidence
          .slice(0, MAX_CHARTS)
          .map((shown) =>
            cut(
              [visibleLine(evidenceText(shown)), ...(shown.samples.length > 1 ? [chart(shown)] : [])].join(
                " ",
              ),
              LINE,
            ),
          ),
        ...(message.incident === undefined ? {} : { incident: short(message.incident, LINE) }),
        ...(message.release === undefined ? {} : { release: short(message.release, LINE) }),
        ...(decisionId === undefined ? {} : { decision: short(decisionId, LINE) }),
        ...(message.logHead === undefined ? {} : { logHead: headOf(message.logHead) }),
      },
    },
    ...linksOf(message, publicUrl),
  };
}

function linksOf({ decisionId, runbook }: Message, publicUrl: string | undefined) {
  const links = [
    ...(decisionId === undefined || publicUrl === undefined
      ? []
      : [{ href: decisionUrl(publicUrl, decisionId), text: "The decision" }]),
    ...(runbook !== undefined && /^https?:\/\//iu.test(runbook) && URL.canParse(runbook)
      ? [{ href: new URL(runbook).href, text: "The runbook" }]
      : []),
  ];
  return links.length === 0 ? {} : { links };
}
