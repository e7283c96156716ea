import type { Settings } from "../config/settings.ts";
import type { Send } from "../notifications/channel.ts";
import { createPagerDuty } from "../notifications/pagerduty.ts";
import { createSlack } from "../notifications/slack.ts";
import type { ChannelName } from "../rules/policy.ts";

/** The channels that are set up. A secret is asked for at each attempt, so that a renewed one counts at once. */
export function channelsOf({ slack, pagerduty, publicUrl }: Settings): Partial<Record<ChannelName, Send>> {
  const { webhookUrl } = slack;
  const { routingKey, url } = pagerduty;
  return {
    ...(webhookUrl() !== undefined && {
      slack: createSlack({ webhookUrl: () => webhookUrl() ?? "", publicUrl }),
    }),
    ...(routingKey() !== undefined && {
      pagerduty: createPagerDuty({ routingKey: () => routingKey() ?? "", url, publicUrl }),
    }),
  };
}
