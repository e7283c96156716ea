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
  if (message.spell === "ends") return [{ channel: "pagerduty", message }];
  if (message.closes === true)
    return (["pagerduty", "webhook"] as const).map((channel) => ({ channel, message }));
  return [
    { channel: "slack", message },
    ...onPager(message),
    ...(message.news === undefined
      ? []
      : [{ channel: "statuspage" as const, message: onPage(message, message.news) }]),
    { channel: "webhook", message },
  ];
}

/** Who else is told decides whether a spell is an incident there: see the ledger. */
function onPager(message: Message): readonly Addressed[] {
  if (message.spell === "begins")
    return [{ channel: "pagerduty", message: { ...message, event: "trigger" } }];
  return message.event === "info" ? [] : [{ channel: "pagerduty", message }];
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
