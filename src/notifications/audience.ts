import type { ChannelName } from "../rules/policy.ts";
import type { StatusStage } from "../rules/status-page.ts";
import type { NotificationEvent } from "../log/record.ts";
import type { Message } from "./message.ts";

interface Addressed {
  readonly channel: ChannelName;
  readonly message: Message;
}

/**
 * Whom a message is for. Slack and the webhook are told everything, PagerDuty only what opens or closes an incident,
 * and the status page only what is news to the users: nothing internal may ever get there, nor stand in for others.
 */
export function addressed(message: Message): readonly Addressed[] {
  return [
    { channel: "slack", message },
    ...(message.event === "info" ? [] : [{ channel: "pagerduty" as const, message }]),
    ...(message.news === undefined
      ? []
      : [{ channel: "statuspage" as const, message: onPage(message, message.news) }]),
    { channel: "webhook", message },
  ];
}

const EVENTS: Readonly<Record<StatusStage, NotificationEvent>> = {
  created: "trigger",
  updated: "info",
  failed: "info",
  resolved: "resolve",
  announced: "trigger",
  begun: "info",
  verifying: "info",
  prolonged: "info",
  completed: "resolve",
  cancelled: "resolve",
};

/** On the page things begin and end by rules of their own: a failed rollback is no new incident to the users. */
function onPage(message: Message, { stage, key }: NonNullable<Message["news"]>): Message {
  const { once: _, ...rest } = message;
  return { ...rest, event: EVENTS[stage], dedupKey: key };
}
