import { chart, range } from "./chart.ts";
import { cut } from "./cut.ts";
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
  const source = cut(target ?? policy ?? "rollbackd", NAME);
  return {
    event_action: event === "resolve" ? "resolve" : "trigger",
    dedup_key: dedupKey,
    client: "rollbackd",
    payload: {
      summary: cut(message.title, SUMMARY),
      source,
      severity,
      timestamp: message.at,
      component: cut(policy ?? "rollbackd", NAME),
      ...(target?.includes("/") === true ? { group: cut(target.slice(0, target.indexOf("/")), NAME) } : {}),
      ...(evidence[0] === undefined ? {} : { class: cut(evidence[0].trigger, NAME) }),
      custom_details: {
        what: message.lines
          .filter((line) => line !== "")
          .slice(0, MAX_LINES)
          .map((line) => cut(commandsAt(line, publicUrl), LINE)),
        windows: evidence
          .slice(0, MAX_CHARTS)
          .map((shown) =>
            cut(
              `${shown.trigger}, threshold ${shown.threshold}: ${range(shown.samples)} ${chart(shown)}`,
              LINE,
            ),
          ),
        ...(message.release === undefined ? {} : { release: cut(message.release, LINE) }),
        ...(decisionId === undefined ? {} : { decision: cut(decisionId, LINE) }),
        ...(message.logHead === undefined ? {} : { logHead: message.logHead }),
      },
    },
    ...(decisionId === undefined || publicUrl === undefined
      ? {}
      : {
          links: [{ href: decisionUrl(publicUrl, decisionId), text: "The decision" }],
        }),
  };
}
